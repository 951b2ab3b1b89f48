x = "café" + +
