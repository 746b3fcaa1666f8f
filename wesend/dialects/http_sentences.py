"""What is said of a request that HTTP itself refuses, in every dialect that says it in a sentence."""

SENTENCES = {
    404: "Not found",
    405: "Method not allowed",
    408: "The request did not come in time",
    413: "The request body is too large",
    415: "The request body must be application/json",
    500: "Internal server error",
}
