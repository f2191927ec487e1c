//! A domain name and a firewall in front of either gateway.

use agentscope_tests::template::Template;
use serde_json::json;

const POOL: (&str, &str) = ("UserPoolArn", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/p");
const DOMAIN: [(&str, &str); 2] =
    [("DomainName", "chat.example.com"), ("CertificateArn", "arn:aws:acm:eu-central-1:123456789012:certificate/c")];

#[test]
fn a_domain_name_leads_to_the_root_of_the_gateway() {
    for (gateway, api, stage) in [("http", "Api", "Stage"), ("rest", "RestApi", "RestApi.Stage")] {
        let template = Template::with(&[&DOMAIN[..], &[("Gateway", gateway), POOL]].concat());
        let resources = template.resources();
        let domain = &resources["CustomDomain"]["Properties"];
        assert_eq!(domain["DomainName"], "chat.example.com");
        let configuration =
            json!([{ "EndpointType": "REGIONAL", "CertificateArn": DOMAIN[1].1, "SecurityPolicy": "TLS_1_2" }]);
        assert_eq!(domain["DomainNameConfigurations"], configuration);
        // No key: the web UI drops the path of its base URL.
        let mapping = json!({ "DomainName": "CustomDomain", "ApiId": api, "Stage": stage });
        assert_eq!(resources["CustomDomainMapping"]["Properties"], mapping);
        assert!(!resources.contains_key("CustomDomainRecord"));
        let outputs = template.outputs();
        assert_eq!(outputs["ApiUrl"]["Value"], "https://chat.example.com");
        assert_eq!(outputs["DomainTarget"]["Value"], "CustomDomain.RegionalDomainName");
    }
}

#[test]
fn a_zone_gets_a_record() {
    let template = Template::with(&[&DOMAIN[..], &[("HostedZoneId", "Z1")]].concat());
    let record = &template.resources()["CustomDomainRecord"]["Properties"];
    assert_eq!((&record["Name"], &record["HostedZoneId"]), (&json!("chat.example.com"), &json!("Z1")));
    let target = json!({
        "DNSName": "CustomDomain.RegionalDomainName", "HostedZoneId": "CustomDomain.RegionalHostedZoneId",
    });
    assert_eq!(record["AliasTarget"], target);
}

#[test]
fn without_a_domain_name_the_gateway_has_its_own_address() {
    for (gateway, url) in
        [("http", "Api.ApiEndpoint"), ("rest", "https://RestApi.execute-api.eu-central-1.amazonaws.com/RestApi.Stage")]
    {
        let template = Template::with(&[("Gateway", gateway), POOL]);
        assert!(!template.resources().keys().any(|name| name.starts_with("CustomDomain")));
        assert_eq!(template.outputs()["ApiUrl"]["Value"], url);
    }
}

#[test]
fn a_firewall_protects_the_stage() {
    let acl = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b";
    let template = Template::with(&[("Gateway", "rest"), POOL, ("WebAclArn", acl)]);
    let association = &template.resources()["WebAclAssociation"]["Properties"];
    let stage = "arn:aws:apigateway:eu-central-1::/restapis/RestApi/stages/RestApi.Stage";
    assert_eq!(association, &json!({ "ResourceArn": stage, "WebACLArn": acl }));
}
