//! Parameters: those that make no sense together are refused with the reason, and the ready-made
//! environments lack nothing but what only the user knows.

use std::collections::BTreeSet;

use agentscope_tests::template::Template;

const ISSUER: [(&str, &str); 2] = [("JwtIssuer", "https://issuer.example.com/"), ("JwtAudience", "a")];
const POOL: (&str, &str) = ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p");
const ORIGIN: (&str, &str) = ("OriginUrl", "https://agentscope.example.com");
const SECRET: (&str, &str) =
    ("OriginSecretArn", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:origin-AbCdEf");
const VERSION: (&str, &str) = ("OriginSecretVersion", "01234567-89ab-cdef-0123-456789abcdef");
const LINK: (&str, &str) = ("OriginVpcLinkId", "link1");
const SERVER_NAME: (&str, &str) = ("OriginServerName", "agentscope.example.com");
const BALANCER: (&str, &str) =
    ("OriginLoadBalancerArn", "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/chat/a");
const REST: (&str, &str) = ("Gateway", "rest");
const HEADER: (&str, &str) = ("IdentitySource", "header");

#[test]
fn what_is_complete_is_deployed() {
    let http = &ISSUER[..];
    for parameters in [
        http.to_vec(),
        [http, &[ORIGIN, SECRET]].concat(),
        vec![HEADER],
        vec![HEADER, ORIGIN, LINK],
        vec![HEADER, ORIGIN, LINK, SERVER_NAME, SECRET, VERSION],
        vec![REST, POOL],
        vec![REST, POOL, ORIGIN, SECRET, VERSION],
        vec![REST, POOL, ORIGIN, LINK, BALANCER],
        [http, &[REST]].concat(),
        // The authorizer function guarantees the claim.
        [http, &[REST, ORIGIN, SECRET, ("IdentityClaim", "email")]].concat(),
        vec![REST, HEADER, ("VpcEndpointIds", "vpce-a,vpce-b")],
        vec![REST, HEADER, ORIGIN, SECRET, ("WebAclArn", "arn:aws:wafv2:eu-central-1:1:regional/webacl/a/b")],
        vec![HEADER, ("DomainName", "a.example.com"), ("CertificateArn", "arn:aws:acm:eu-central-1:1:certificate/c")],
    ] {
        assert_eq!(Template::with(&parameters).refusals(), Vec::<String>::new(), "{parameters:?}");
    }
}

#[test]
fn what_is_not_is_refused_with_what_is_missing() {
    let tokens = |missing: &str| format!("IdentitySource jwt with Gateway http needs {missing}");
    let one_source = "IdentitySource jwt with Gateway rest needs UserPoolArn, or JwtIssuer and JwtAudience";
    let two_sources =
        "UserPoolArn excludes JwtIssuer and JwtAudience, because a REST API accepts the tokens of one source";
    for (parameters, expected) in [
        (vec![], vec![tokens("JwtIssuer"), tokens("JwtAudience")]),
        (vec![REST], vec![one_source.to_owned()]),
        (vec![REST, ISSUER[0]], vec![one_source.to_owned()]),
        (vec![REST, ISSUER[1]], vec![one_source.to_owned()]),
        ([&ISSUER[..], &[REST, POOL]].concat(), vec![two_sources.to_owned()]),
        (vec![REST, POOL, ISSUER[1]], vec![two_sources.to_owned()]),
        (
            [&ISSUER[..], &[ORIGIN, SECRET, ("IdentityClaim", "email")]].concat(),
            vec!["OriginUrl with IdentitySource jwt needs the IdentityClaim sub".to_owned()],
        ),
        (
            vec![REST, POOL, ORIGIN, SECRET, ("IdentityClaim", "email")],
            vec!["OriginUrl with IdentitySource jwt needs the IdentityClaim sub".to_owned()],
        ),
        (vec![HEADER, LINK], vec!["OriginVpcLinkId needs OriginUrl".to_owned()]),
        (
            vec![REST, HEADER, ORIGIN, LINK],
            vec!["OriginVpcLinkId with Gateway rest needs OriginLoadBalancerArn".to_owned()],
        ),
        (vec![HEADER, ("DomainName", "a.example.com")], vec!["DomainName needs CertificateArn".to_owned()]),
        (
            vec![HEADER, ("VpcEndpointIds", "vpce-a")],
            vec!["VpcEndpointIds needs Gateway rest, because an HTTP API cannot be private".to_owned()],
        ),
        (vec![HEADER, ("HostedZoneId", "Z1")], vec!["HostedZoneId needs DomainName".to_owned()]),
        (
            vec![HEADER, ("WebAclArn", "arn:aws:wafv2:eu-central-1:1:regional/webacl/a/b")],
            vec!["WebAclArn needs Gateway rest, because AWS WAF does not protect HTTP APIs".to_owned()],
        ),
    ] {
        assert_eq!(Template::with(&parameters).refusals(), expected, "{parameters:?}");
    }
}

#[test]
fn an_origin_that_everybody_can_connect_to_needs_a_secret() {
    let refusals = |parameters: &[_]| Template::with(&[&[HEADER], parameters].concat()).refusals();
    let unprotected = "OriginUrl without OriginVpcLinkId needs OriginSecretArn, because everybody on the internet can \
                       connect to the service and it trusts their x-user-id";
    for (parameters, expected) in [
        (vec![ORIGIN], unprotected),
        (vec![REST, ORIGIN], unprotected),
        (vec![SECRET], "OriginSecretArn needs OriginUrl"),
        (vec![ORIGIN, LINK, VERSION], "OriginSecretVersion needs OriginSecretArn"),
        (
            vec![ORIGIN, SECRET, SERVER_NAME],
            "OriginServerName needs OriginVpcLinkId, because otherwise OriginUrl has the name",
        ),
        (
            vec![REST, ORIGIN, LINK, BALANCER, SERVER_NAME],
            "OriginServerName needs Gateway http, because with rest OriginUrl has the name",
        ),
    ] {
        assert_eq!(refusals(&parameters), [expected], "{parameters:?}");
    }
}

#[test]
fn what_nothing_would_check_is_refused() {
    let scopes = "AuthorizationScopes needs Gateway rest and IdentitySource jwt. Nothing else would check them";
    let token_use = "TokenUse needs Gateway rest with JwtIssuer. Nothing else would check it";
    let events = "IdentitySource jwt excludes EventSource, because the API of this stack validates the tokens";
    let (of_scopes, of_use) = (("AuthorizationScopes", "a/read,a/write"), ("TokenUse", "access"));
    for (parameters, expected) in [
        ([&ISSUER[..], &[of_scopes]].concat(), vec![scopes]),
        (vec![REST, HEADER, of_scopes], vec![scopes]),
        (vec![REST, POOL, of_scopes], vec![]),
        ([&ISSUER[..], &[REST, of_scopes, of_use]].concat(), vec![]),
        (vec![REST, POOL, of_use], vec![token_use]),
        ([&ISSUER[..], &[of_use]].concat(), vec![token_use]),
        ([&ISSUER[..], &[("EventSource", "alb")]].concat(), vec![events]),
        (vec![HEADER, ("EventSource", "alb")], vec![]),
    ] {
        assert_eq!(Template::with(&parameters).refusals(), expected, "{parameters:?}");
    }
}

#[test]
fn a_load_balancer_that_signs_users_in_needs_to_know_how() {
    let missing = |sign_in: &str| -> usize { Template::alb(&[("SignIn", sign_in)]).refusals().len() };
    assert_eq!([missing("proxy"), missing("cognito"), missing("oidc")], [0, 3, 6]);
    let cognito = [("SignIn", "cognito"), POOL, ("UserPoolClientId", "c"), ("UserPoolDomain", "d")];
    assert_eq!(Template::alb(&cognito).refusals(), Vec::<String>::new());
}

#[test]
fn every_parameter_is_in_one_group() {
    let template = Template::with(&[]);
    let groups = template.section("Metadata")["AWS::CloudFormation::Interface"]["ParameterGroups"].clone();
    let grouped: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["Parameters"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()))
        .collect();
    let distinct: BTreeSet<_> = grouped.iter().cloned().collect();
    assert_eq!(distinct.len(), grouped.len());
    assert_eq!(distinct, template.section("Parameters").keys().cloned().collect());
}

#[test]
fn the_ready_made_environments_lack_only_what_the_user_knows() {
    let configuration = include_str!("../../../samconfig.toml");
    let lines = configuration.lines().filter_map(|line| line.strip_prefix("parameter_overrides = "));
    let found: Vec<Vec<String>> = lines
        .map(|line| {
            let parameters: Vec<_> =
                line.trim_matches('"').split(' ').map(|parameter| parameter.split_once('=').unwrap()).collect();
            Template::with(&parameters).refusals()
        })
        .collect();
    let tokens = |missing: &str| format!("IdentitySource jwt with Gateway http needs {missing}");
    let source = "IdentitySource jwt with Gateway rest needs UserPoolArn, or JwtIssuer and JwtAudience";
    let expected =
        [vec![source.to_owned()], vec![source.to_owned()], vec![tokens("JwtIssuer"), tokens("JwtAudience")], vec![]];
    assert_eq!(found, expected);
}
