"""First-party backends: one module per store; they import only secretrun.backend, model and errors."""
