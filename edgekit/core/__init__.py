"""What every stage may know: records, errors, files, child processes. It knows of no stage."""
