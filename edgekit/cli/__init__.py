"""The command line: one thin file per verb over a public function of the same name."""
