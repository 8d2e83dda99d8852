"""LangChain's messages, tools and settings to request bodies."""
