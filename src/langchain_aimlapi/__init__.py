"""LangChain chat models for AI/ML API."""
