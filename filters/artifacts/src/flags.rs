//! What filters are compiled with beside the profile; whoever would make the same modules needs to know.

/// SHA-256 with a loop for its rounds, a tenth of the code; what is hashed here are a few dozen bytes of some requests.
pub const FLAGS: [&str; 2] = ["--cfg", "sha2_backend_soft=\"compact\""];
