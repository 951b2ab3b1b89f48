value = "the quote is \"
