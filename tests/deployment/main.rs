//! `template.yaml` against the code that it deploys. What its roles allow is tested beside the functions' binaries.

mod environment;
mod identity;
mod monitoring;
mod routes;
mod tables;
