"""A corpus on a Milvus server: ``MilvusStore`` in ``store``."""
