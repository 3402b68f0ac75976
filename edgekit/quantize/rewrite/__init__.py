"""One recipe applied to one float file, and what the quantizer leaves wrong put right."""
