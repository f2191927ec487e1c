//! Shared by the tests and the benchmark: DynamoDB and its proxy, Redis, a Runtime API, events,
//! data.

pub mod both_binaries;
pub mod claims;
pub mod compressed;
pub mod cors;
pub mod dynamodb;
pub mod emf;
pub mod events;
pub mod function;
pub mod golden;
pub mod lists;
pub mod load_balancer;
pub mod policy;
pub mod process;
pub mod proxy;
pub mod records;
pub mod redis;
pub mod replicas;
pub mod responses;
pub mod runtime_api;
pub mod streamed;
pub mod streaming;
pub mod template;
