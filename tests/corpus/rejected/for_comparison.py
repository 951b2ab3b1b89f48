for item < (): pass
