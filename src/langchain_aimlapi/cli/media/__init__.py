"""The commands of everything but chat: pictures, videos, music, speech, transcripts, OCR, embeddings."""
