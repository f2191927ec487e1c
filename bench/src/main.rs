//! See the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    agentscope_bench::main()
}
