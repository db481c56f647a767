"""What sentence-transformers does for its first vector; timed from outside. usage: cold_start.py MODEL TEXT"""

import sys

from sentence_transformers import SentenceTransformer

print(SentenceTransformer(sys.argv[1], device="cpu").encode([sys.argv[2]], normalize_embeddings=True)[0].tolist())
