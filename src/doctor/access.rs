//! Whether AF_ALG can be had: the socket, the four types, the restriction.

use super::facts::{Container, Facts};
use super::probe::Probe;
use super::{Check, Status};
use crate::algorithm::AlgType;
use crate::error::Errno;
use crate::kernel::errno;

/// What a kernel is built with for skciphers; af_alg itself comes along.
const SKCIPHER: &str = "CONFIG_CRYPTO_USER_API_SKCIPHER";

/// Whether this process may open AF_ALG, and who is in the way.
pub(super) fn socket(answer: Result<(), Errno>, facts: &Facts) -> Check {
    const NAME: &str = "af-alg";
    let Err(errno) = answer else { return Check::ok(NAME, "socket(AF_ALG) opens") };
    let advice = match errno {
        errno::EAFNOSUPPORT => no_family(facts),
        errno::EMFILE | errno::ENFILE => "close files, or raise the limit (ulimit -n)".to_owned(),
        errno::ENOSYS => filtered(facts),
        _ => denied(errno, facts)
            .unwrap_or_else(|| "not a refusal that is known; see the kernel log".to_owned()),
    };
    let found = format!("socket(AF_ALG) answered {}", errno::describe(errno));
    Check::fault(NAME, found).advise(advice)
}

/// The way out of a policy's refusal, if it is one: security modules ask at each call, filters at
/// those that they name.
pub(super) fn denied(errno: Errno, facts: &Facts) -> Option<String> {
    match errno {
        errno::EACCES if facts.confined() => Some(labelled(facts)),
        errno::EPERM | errno::EACCES => Some(filtered(facts)),
        _ => None,
    }
}

fn no_family(facts: &Facts) -> String {
    if facts.restriction == Some(2) {
        return "crypto.af_alg_restrict is 2, off for everyone: sysctl crypto.af_alg_restrict=1 \
                lets a short list through, 0 everything"
            .to_owned();
    }
    let mut advice = load("af_alg", SKCIPHER, facts);
    if facts.seccomp == Some(2) {
        advice += "; a seccomp filter is in force, too, and systemd's RestrictAddressFamilies= \
                   answers the same: it must list AF_ALG";
    }
    advice
}

/// How a module gets into the kernel, by what is known to keep it out.
fn load(module: &str, symbol: &str, facts: &Facts) -> String {
    let (modules, place) = (&facts.modules, facts.place());
    if let Some(rule) = modules.rule_of(module) {
        return rule.way_out(place);
    }
    if modules.none {
        return format!("this kernel loads no modules: use one that was built with {symbol}=y");
    }
    if modules.configured(symbol) == Some(false) {
        return format!("this kernel was built without {symbol}: use one that has it");
    }
    if modules.disabled {
        return format!(
            "kernel.modules_disabled is 1 until the next boot: have {module} loaded{place} before \
             it is set, by a line in /etc/modules-load.d/af_alg.conf"
        );
    }
    format!(
        "load the module{place}: modprobe {module}; where there is none, install the \
         distribution's package of further modules or use a kernel with {symbol}"
    )
}

/// A filter of system calls, by who has most likely put it there.
fn filtered(facts: &Facts) -> String {
    if facts.seccomp == Some(0) {
        return "no seccomp filter is in force here: a security module or a BPF program refuses, \
                see its log"
            .to_owned();
    }
    let engine = facts.container.as_ref().map(|container| container.engine);
    let way_out = match engine {
        Some(engine @ ("docker" | "podman")) => format!(
            "{engine} run --security-opt seccomp=PROFILE.json, PROFILE being the engine's own with \
             socket allowed for family 38 (AF_ALG); its default has refused it since 2026"
        ),
        Some("kubernetes") => "in the pod's securityContext, seccompProfile of type Localhost \
                               with a profile that allows socket for family 38 (AF_ALG)"
            .to_owned(),
        Some("lxc") => "lxc.seccomp.profile with a profile that allows socket for family 38 \
                        (AF_ALG)"
            .to_owned(),
        Some("systemd-nspawn") => {
            "systemd-nspawn --system-call-filter=socket, or the same in its .nspawn file".to_owned()
        }
        _ => "in the systemd unit, or whatever else starts this process, \
              RestrictAddressFamilies= must list AF_ALG and SystemCallFilter= allow socket"
            .to_owned(),
    };
    format!("a seccomp filter refuses it: {way_out}")
}

/// A security module that has labelled this process.
fn labelled(facts: &Facts) -> String {
    let label = facts.label.as_deref().unwrap_or_default();
    let contained = |option: &str| match &facts.container {
        Some(Container { engine: engine @ ("docker" | "podman"), .. }) => {
            format!("; for a container: {engine} run --security-opt {option}")
        }
        _ => String::new(),
    };
    if let [_, _, domain, ..] = label.split(':').collect::<Vec<_>>().as_slice() {
        return format!(
            "SELinux refuses it: allow {domain} self:alg_socket create and what follows it \
             (ausearch -m avc -ts recent shows the refusal){}",
            contained("label=type:TYPE")
        );
    }
    format!(
        "AppArmor refuses it: the profile {label} must have the rule `network alg,`{}",
        contained("apparmor=PROFILE")
    )
}

/// One of AF_ALG's types, and which of its usual names could be bound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    kind: AlgType,
    /// A name that binds, or what the kernel answered to the first.
    answer: Option<Result<&'static str, Errno>>,
}

impl Type {
    /// Asks for the usual names, until one binds.
    pub(super) fn ask(probe: &dyn Probe, socket: Result<(), Errno>, kind: AlgType) -> Self {
        let ask = |name: &'static str| probe.bind(kind, name).map(|_| name);
        let answer = socket.ok().and_then(|()| {
            let mut answers = kind.usual().iter().map(|name| ask(name));
            let first = answers.next()?;
            Some(first.or_else(|errno| answers.find(Result::is_ok).unwrap_or(Err(errno))))
        });
        Self { kind, answer }
    }

    /// Whether it serves something.
    pub(super) const fn serves(&self) -> bool {
        matches!(self.answer, Some(Ok(_)))
    }

    pub(super) fn check(&self, probe: &dyn Probe, facts: &Facts) -> Check {
        let name = self.kind.name();
        let module = format!("algif_{name}");
        let errno = match self.answer {
            None => return Check::unknown(name, "not asked: there is no AF_ALG socket"),
            Some(Ok(usual)) => return Check::ok(name, format!("{module} serves: {usual} binds")),
            Some(Err(errno)) => errno,
        };
        let needed = self.kind == AlgType::Skcipher;
        let bad = if needed { Status::Fault } else { Status::Warning };
        let usual = self.kind.usual().join(", ");
        if let Some(advice) = denied(errno, facts) {
            let found = format!("bind answered {} to {usual}", errno::describe(errno));
            return Check::new(name, bad, found).advise(advice);
        }
        let there =
            probe.exists(&format!("/sys/module/{module}")) || facts.modules.builds_in(&module);
        if there {
            let found = format!("{module} is there, but none of {usual} binds");
            return match facts.restriction {
                Some(1..) if !needed => Check::ok(name, found + " (see restriction)"),
                _ => Check::new(name, bad, found).advise(
                    "the kernel lacks these algorithms or keeps them back: see restriction and fips",
                ),
            };
        }
        let found = format!("none of {usual} binds: {}", errno::describe(errno));
        let symbol = SKCIPHER.replace("SKCIPHER", &name.to_ascii_uppercase());
        let advice = load(&module, &symbol, facts);
        let unused = if needed { "" } else { " (this package does not use it)" };
        Check::new(name, bad, found + unused).advise(advice)
    }
}

/// `crypto.af_alg_restrict`.
pub(super) fn restriction(socket: Result<(), Errno>, facts: &Facts) -> Check {
    const NAME: &str = "restriction";
    match facts.restriction {
        None if !facts.told() => {
            Check::unknown(NAME, "/proc/sys/crypto/af_alg_restrict cannot be read")
        }
        None if socket.is_err() => {
            Check::ok(NAME, "crypto.af_alg_restrict is not there; Linux 7.3 has it with af_alg")
        }
        None => Check::ok(NAME, "crypto.af_alg_restrict is not there: every algorithm is open"),
        Some(0) => Check::ok(NAME, "crypto.af_alg_restrict is 0: every algorithm is open"),
        Some(2) => Check::fault(NAME, "crypto.af_alg_restrict is 2: AF_ALG is off for everyone")
            .advise("as root: sysctl crypto.af_alg_restrict=1, or 0; /etc/sysctl.d keeps it"),
        Some(level) => {
            const FOR_ALL: &str = "for all, as root: sysctl crypto.af_alg_restrict=0, \
                                   /etc/sysctl.d keeps it";
            const LONGER: &str = "for the longer list: CAP_NET_ADMIN (systemd: \
                                  AmbientCapabilities=CAP_NET_ADMIN; a container: --cap-add \
                                  NET_ADMIN) in the initial user namespace; ";
            let (who, longer) = match facts.privileges {
                Some(privileges) if privileges.count() => ("this process is privileged", ""),
                Some(_) => ("this process is not privileged", LONGER),
                None => ("whether this process is privileged cannot be read", LONGER),
            };
            let found = format!(
                "crypto.af_alg_restrict is {level}: everyone may bind a short list, privileged \
                 processes a longer one, nobody the rest; {who}"
            );
            Check::warning(NAME, found).advise(format!("{longer}{FOR_ALL}"))
        }
    }
}

/// What the restriction counts as privileged.
pub(super) fn privileges(facts: &Facts) -> Check {
    const NAME: &str = "privileges";
    let Some(privileges) = facts.privileges else {
        return Check::unknown(NAME, "/proc/self/status and uid_map cannot be read");
    };
    let held = match (privileges.net_admin, privileges.sys_admin) {
        (true, true) => "CAP_NET_ADMIN and CAP_SYS_ADMIN",
        (true, false) => "CAP_NET_ADMIN",
        (false, true) => "CAP_SYS_ADMIN",
        (false, false) => {
            return Check::ok(NAME, "neither CAP_NET_ADMIN nor CAP_SYS_ADMIN: an ordinary process");
        }
    };
    let place = if privileges.initial_namespace {
        "in the initial user namespace"
    } else {
        "in a user namespace of its own, where crypto.af_alg_restrict does not count them"
    };
    Check::ok(NAME, format!("{held} {place}"))
}
