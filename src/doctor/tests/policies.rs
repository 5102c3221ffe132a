//! Who forbids AF_ALG by a policy, at whichever call.

use super::Status::{Fault, Ok as Fine, Unknown, Warning};
use super::{AlgType, Errno, OpenTo, Recorded, errno, healthy};

#[test]
fn a_filter_is_laid_at_the_door_of_who_set_it() {
    let refused = || healthy().no_socket(errno::EPERM).filtered();
    for (machine, way_out) in [
        (refused().with("/.dockerenv", ""), "docker run --security-opt seccomp="),
        (refused().with("/run/.containerenv", ""), "podman run --security-opt seccomp="),
        (
            refused().with("/var/run/secrets/kubernetes.io/x", ""),
            "seccompProfile of type Localhost",
        ),
        (refused().with("/proc/1/cgroup", "0::/kubepods/pod1"), "seccompProfile"),
        (refused().with("/proc/1/environ", "A=1\0container=lxc\0"), "lxc.seccomp.profile"),
        (
            refused().with("/run/systemd/container", "systemd-nspawn\n"),
            "--system-call-filter=socket",
        ),
        (refused(), "RestrictAddressFamilies= must list AF_ALG"),
    ] {
        machine.says("af-alg", Fault, &["EPERM", "a seccomp filter refuses it", way_out]).says(
            "seccomp",
            Warning,
            &["may be what refuses"],
        );
    }
    let unfiltered = healthy().no_socket(errno::EPERM);
    unfiltered.says("af-alg", Fault, &["no seccomp filter is in force"]).says("seccomp", Fine, &[]);
    healthy().filtered().says("seccomp", Fine, &["not what stands in the way"]);
}

#[test]
fn a_security_module_is_told_by_its_label() {
    let refused = |label| healthy().no_socket(errno::EACCES).with("/proc/self/attr/current", label);
    refused("docker-default (enforce)\n")
        .with("/.dockerenv", "")
        .says(
            "af-alg",
            Fault,
            &["AppArmor", "docker-default", "`network alg,`", "apparmor=PROFILE"],
        )
        .says("security-module", Warning, &["docker-default (enforce)", "may be what refuses"]);
    refused("system_u:system_r:httpd_t:s0\0").says(
        "af-alg",
        Fault,
        &["SELinux", "allow httpd_t self:alg_socket", "ausearch"],
    );
    refused("unconfined\n").filtered().says("af-alg", Fault, &["a seccomp filter refuses it"]);
    let unlabelled = refused("").filtered();
    unlabelled.says("af-alg", Fault, &["a seccomp filter refuses it"]);
    unlabelled.says("security-module", Fine, &["no label"]);
}

/// Opens a socket, and is refused cbc.
fn no_cbc(_: AlgType, name: &str) -> Result<OpenTo, Errno> {
    if name == "cbc(aes)" { Err(errno::EACCES) } else { Ok(OpenTo::Everyone) }
}

#[test]
fn a_policy_may_refuse_the_bind_alone() {
    let selinux = "system_u:system_r:httpd_t:s0\0";
    let labelled = || healthy().with("/proc/self/attr/current", selinux);
    labelled()
        .binds(|_, _| Err(errno::EACCES))
        .says("af-alg", Fine, &[])
        .says("skcipher", Fault, &["bind answered EACCES", "allow httpd_t self:alg_socket"])
        .says("hash", Warning, &["bind answered EACCES"]);
    healthy().filtered().binds(|_, _| Err(errno::EPERM)).says(
        "skcipher",
        Fault,
        &["bind answered EPERM", "a seccomp filter refuses it"],
    );
    labelled().binds(no_cbc).says("cbc(aes)", Warning, &["bind answered EACCES", "httpd_t"]);
}

#[test]
fn keyrings_may_be_there_and_of_use_to_ciphers() {
    healthy().says("keyrings", Fine, &["take keys from them", "8 of 200 keys and 120 of 20000"]);
    healthy().no_socket(errno::EPERM).says("keyrings", Unknown, &["there are; no socket to ask"]);
    let old = Recorded { by_serial: false, ..healthy() };
    old.says("keyrings", Warning, &["take no keys from them", "Linux 6.2"]);
    for (errno, parts) in [
        (errno::EPERM, ["refused: keyctl answered EPERM", "seccomp"]),
        (errno::ENOSYS, ["there are none", "CONFIG_KEYS"]),
    ] {
        Recorded { keyrings: Err(errno), ..healthy() }.says("keyrings", Warning, &parts);
    }
}
