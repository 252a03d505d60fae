/** A program that does nothing: what node itself needs. */
