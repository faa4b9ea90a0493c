"""The invented story that `make demo` tells: who chats, what is said, what came of it.

Everything here is pure: no database, no Django. The same seed and the same time give the same
story. ``story`` makes the events, ``aftermath`` what people did and said afterwards.
"""
