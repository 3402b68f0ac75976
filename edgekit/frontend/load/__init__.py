"""Load a trained model, whichever Keras wrote it."""
