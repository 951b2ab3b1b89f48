//! From one source file to one pyc on disk: the engine that compiles, staleness, and publishing.
