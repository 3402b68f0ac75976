"""What a file is worth: accuracy on labels, fidelity to the float file, latency, memory."""
