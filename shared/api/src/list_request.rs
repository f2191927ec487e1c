//! Validates a request for a list: the caller, the list, the page and the detail.
//!
//! Problems are reported as FastAPI reports them: an empty identity header before anything else,
//! then all problems of headers and query parameters together, in FastAPI's words.

use agentscope_store::{Detail, Page};
use lambda_http::http::header;
use serde_json::{Value, json};

use crate::cursor::{Route, Scope};
use crate::encoding::Encoding;
use crate::error::{ApiError, InputProblem};
use crate::etag::IfNoneMatch;
use crate::identity::{Identity, NoCaller};
use crate::limits::MAX_PAGE_SIZE;
use crate::list::ListOptions;
use crate::request::Request;

/// A valid request for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest<'a> {
    /// The caller's id.
    pub caller: String,
    /// The id of the agent or the schedule.
    pub id: &'a str,
    /// The options of the list.
    pub options: ListOptions,
}

impl<'a> ListRequest<'a> {
    /// Reads `GET /sessions/?agent_id=…`.
    ///
    /// # Errors
    ///
    /// The request names no caller or no agent, or a parameter is invalid.
    pub fn sessions(request: &'a Request, identity: impl Into<Identity>) -> Result<Self, ApiError> {
        Self::new(request, identity.into(), Route::Sessions, request.parameter("agent_id"))
    }

    /// Reads `GET /schedule/{schedule_id}/sessions`.
    ///
    /// # Errors
    ///
    /// The request names no caller, or a parameter is invalid.
    pub fn schedule_sessions(
        request: &'a Request,
        identity: impl Into<Identity>,
        schedule_id: &'a str,
    ) -> Result<Self, ApiError> {
        Self::new(request, identity.into(), Route::ScheduleSessions, Some(schedule_id))
    }

    fn new(request: &'a Request, identity: Identity, route: Route, id: Option<&'a str>) -> Result<Self, ApiError> {
        let caller = match identity.caller(request) {
            Ok(caller) => Some(caller),
            Err(NoCaller::HeaderMissing(_)) => None,
            Err(no_caller) => return Err(no_caller.into()),
        };
        let mut problems = Vec::new();
        if caller.is_none() {
            problems.push(InputProblem::missing("header", identity.header));
        }
        if id.is_none() {
            problems.push(InputProblem::missing("query", "agent_id"));
        }
        let mut parameter = |name: &'static str, check: &mut dyn FnMut(&str) -> Result<(), Problem>| {
            if let Some(value) = request.parameter(name)
                && let Err(problem) = check(value)
            {
                problems.push(problem.of(name, value));
            }
        };
        let encoding = Encoding::of(request);
        let options = ListOptions { if_none_match: if_none_match(request), ..ListOptions::default() };
        let mut options = options.within(encoding.max_bytes(request.limits), encoding.guaranteed_bytes(request.limits));
        let (mut limit, mut after) = (None, None);
        parameter("limit", &mut |value| {
            limit = Some(parse_limit(value)?);
            Ok(())
        });
        parameter("cursor", &mut |value| {
            // A cursor can be validated only for a known list. The missing part of the list is
            // reported anyway.
            let (Some(user_id), Some(id)) = (&caller, id) else { return Ok(()) };
            after = Some(Scope { route, user_id, id }.position(value).ok_or(Problem::CURSOR)?);
            Ok(())
        });
        parameter("count", &mut |value| {
            options.count = parse_bool(value)?;
            Ok(())
        });
        parameter("view", &mut |value| {
            options.view = Some(parse_detail(value)?);
            Ok(())
        });
        let (Some(caller), Some(id), true) = (caller, id, problems.is_empty()) else {
            return Err(ApiError::InvalidInput(problems));
        };
        if limit.is_some() || after.is_some() {
            options.page = Some(Page { limit: limit.unwrap_or(MAX_PAGE_SIZE), after });
        }
        // The whole list has its number of sessions anyway.
        options.count &= options.page.is_some();
        Ok(Self { caller, id, options })
    }
}

fn if_none_match(request: &Request) -> IfNoneMatch {
    let values = request.headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    match values.collect::<Vec<_>>().as_slice() {
        [] => IfNoneMatch::Absent,
        values => IfNoneMatch::new(&values.join(",")),
    }
}

/// A problem with the value of a query parameter.
struct Problem {
    kind: &'static str,
    msg: &'static str,
    ctx: Option<Value>,
}

impl Problem {
    const CURSOR: Self = Self {
        kind: "value_error",
        msg: "Value error, not a cursor of this list: ask for its first page again",
        ctx: None,
    };

    fn of(self, name: &'static str, value: &str) -> InputProblem {
        let Self { kind, msg, ctx } = self;
        InputProblem { kind, loc: ["query", name], msg, input: Some(value.to_owned()), ctx }
    }
}

/// Parses an integer of 1 to 100 in every spelling that FastAPI accepts. Pydantic's conversion of
/// text to `int` allows blanks around it, a sign, underscores between digits, and a fraction of
/// zeros. Pydantic also misreads what follows leading zeros (`0-5` as -5, `0__5` as 5). Those are
/// refused here.
fn parse_limit(value: &str) -> Result<usize, Problem> {
    /// The maximum number of digits that Pydantic converts, without leading zeros.
    const DIGITS: usize = 4300;
    const NOT_AN_INTEGER: Problem = Problem {
        kind: "int_parsing",
        msg: "Input should be a valid integer, unable to parse string as an integer",
        ctx: None,
    };
    let text = value.trim();
    let (is_negative, text) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_digits) || fraction.is_empty() || fraction.bytes().any(|byte| byte != b'0') {
        return Err(NOT_AN_INTEGER);
    }
    let digits = digits.replace('_', "");
    match digits.trim_start_matches('0') {
        "" => {}
        digits if digits.len() > DIGITS => {
            return Err(Problem {
                kind: "int_parsing_size",
                msg: "Unable to parse input string as an integer, exceeded maximum size",
                ctx: None,
            });
        }
        _ if is_negative => {}
        // A number that overflows is over the maximum as well.
        digits => match digits.parse() {
            Ok(limit) if limit <= MAX_PAGE_SIZE => return Ok(limit),
            _ => {
                return Err(Problem {
                    kind: "less_than_equal",
                    msg: "Input should be less than or equal to 100",
                    ctx: Some(json!({ "le": 100 })),
                });
            }
        },
    }
    Err(Problem {
        kind: "greater_than_equal",
        msg: "Input should be greater than or equal to 1",
        ctx: Some(json!({ "ge": 1 })),
    })
}

/// Parses a boolean in every spelling that FastAPI accepts.
fn parse_bool(value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "t" | "y" => Ok(true),
        "false" | "0" | "off" | "no" | "f" | "n" => Ok(false),
        _ => Err(Problem {
            kind: "bool_parsing",
            msg: "Input should be a valid boolean, unable to interpret input",
            ctx: None,
        }),
    }
}

fn parse_detail(value: &str) -> Result<Detail, Problem> {
    match value {
        "full" => Ok(Detail::Full),
        "summary" => Ok(Detail::Summary),
        _ => Err(Problem {
            kind: "literal_error",
            msg: "Input should be 'full' or 'summary'",
            ctx: Some(json!({ "expected": "'full' or 'summary'" })),
        }),
    }
}
