"""One file within bytes or within a time: the precision of each operator by measured noise."""
