//! Who requires whom, for each version of Python, and which distributions require each other.
//!
//! Extras are followed: where somebody requires `requests[socks]`, requests requires what its extra `socks` needs. Extras that
//! a person asked for (`pip install 'requests[socks]'`) are written down nowhere, but leave a trace: a distribution that
//! nobody asked for by name and nobody requires. An extra that explains one, and all of which is installed, counts as asked for.
//!
//! Distributions that require each other become a group, as with rules_python's `requirement_cycles`: whoever needs one gets
//! all of them, and among themselves they have no dependencies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use pep508_rs::{ExtraName, MarkerEnvironment};
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

use super::markers::{self, MINORS};
use super::metadata::{Metadata, Required};
use super::site_packages::{SitePackages, normalize};
use crate::error::{LoadError, LoadErrorKind};
use crate::spelling;

/// The names that each distribution requires.
type Edges = BTreeMap<String, BTreeSet<String>>;

/// Who requires whom.
#[derive(Debug)]
pub(super) struct Requirements {
    /// What each distribution's METADATA says; the error waits for whoever needs it.
    metadata: BTreeMap<String, Result<Metadata, LoadError>>,
    /// By minor version.
    edges: BTreeMap<u32, Edges>,
    /// By each member's name, the group's members, sorted; the first one gives its name.
    groups: BTreeMap<String, Vec<String>>,
}

/// What a distribution requires.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// Under every version of Python.
    pub(super) always: BTreeSet<String>,
    /// Besides, by minor version. Empty where all versions need the same.
    pub(super) by_minor: BTreeMap<u32, BTreeSet<String>>,
}

impl Requirements {
    /// Reads the METADATA of all distributions.
    pub(super) fn read(site_packages: &SitePackages) -> Requirements {
        let metadata: BTreeMap<String, Result<Metadata, LoadError>> =
            site_packages.intact().map(|info| (info.name.clone(), Metadata::read(info))).collect();
        let requested: BTreeSet<&str> =
            site_packages.intact().filter(|info| info.requested).map(|info| info.name.as_str()).collect();
        let readable: BTreeMap<&str, &Metadata> = metadata
            .iter()
            .filter_map(|(name, metadata)| Some((name.as_str(), metadata.as_ref().ok()?)))
            .collect();
        let edges: BTreeMap<u32, Edges> =
            MINORS.map(|minor| (minor, Resolution::of(&readable, &requested, minor).edges())).collect();
        let groups = groups(&edges);
        Requirements { metadata, edges, groups }
    }

    /// What a distribution requires, its group's members left out.
    ///
    /// # Errors
    /// Its METADATA cannot be understood.
    pub(super) fn needs(&self, distribution: &str) -> Result<Needs, LoadError> {
        if let Some(Err(error)) = self.metadata.get(distribution) {
            return Err(error.clone());
        }
        let fellows = self.groups.get(distribution).map(Vec::as_slice).unwrap_or_default();
        let of_minor = |edges: &Edges| {
            let names = edges.get(distribution).into_iter().flatten();
            names.filter(|name| !fellows.contains(name)).cloned().collect::<BTreeSet<String>>()
        };
        let by_minor: BTreeMap<u32, BTreeSet<String>> =
            self.edges.iter().map(|(minor, edges)| (*minor, of_minor(edges))).collect();
        let always = by_minor.values().cloned().reduce(|one, other| &one & &other).unwrap_or_default();
        if by_minor.values().all(|names| *names == always) {
            return Ok(Needs { always, by_minor: BTreeMap::new() });
        }
        let by_minor = by_minor.into_iter().map(|(minor, names)| (minor, &names - &always)).collect();
        Ok(Needs { always, by_minor })
    }

    /// The members of a distribution's group, if it is in one.
    pub(super) fn group_of(&self, distribution: &str) -> Option<&[String]> {
        self.groups.get(distribution).map(Vec::as_slice)
    }

    /// The groups, by their first member's name.
    pub(super) fn groups(&self) -> impl Iterator<Item = &[String]> {
        self.groups
            .iter()
            .filter(|(name, members)| members.first() == Some(name))
            .map(|(_, members)| &members[..])
    }

    /// Why there is no package of that name: no such distribution is installed, and perhaps somebody requires it.
    pub(super) fn not_installed(&self, name: &str, site_packages: &SitePackages) -> LoadError {
        let folder = site_packages.folder.display();
        let requires_it = |required: &&Required| normalize(required.requirement.name.as_ref()) == *name;
        let requirer = self.metadata.iter().find_map(|(requirer, metadata)| {
            Some((requirer, metadata.as_ref().ok()?.required.iter().find(requires_it)?))
        });
        let mut message = format!("no distribution {name:?} is installed in {folder}");
        let Some((requirer, required)) = requirer else {
            message.push_str(&spelling::did_you_mean(name, site_packages.names()));
            return LoadError::new(LoadErrorKind::NoBuildFile, message);
        };
        let _ = write!(message, "; {requirer} requires it: {}", required.text);
        LoadError::new(LoadErrorKind::NoBuildFile, message).at(required.location.clone())
    }
}

/// Finding out which requirements hold under one version of Python.
struct Resolution<'a> {
    metadata: &'a BTreeMap<&'a str, &'a Metadata>,
    environment: MarkerEnvironment,
    /// The extras that are asked for, of each distribution.
    extras: BTreeMap<String, BTreeSet<ExtraName>>,
}

impl<'a> Resolution<'a> {
    fn of(
        metadata: &'a BTreeMap<&'a str, &'a Metadata>,
        requested: &BTreeSet<&str>,
        minor: u32,
    ) -> Resolution<'a> {
        let environment = markers::environment(minor);
        let mut resolution = Resolution { metadata, environment, extras: BTreeMap::new() };
        resolution.follow_extras();
        // Each round adds an extra, and there are only so many.
        while !requested.is_empty() && resolution.explain_orphans(requested) {
            resolution.follow_extras();
        }
        resolution
    }

    /// The requirements of a distribution that hold, given these extras.
    fn holding(&self, name: &str, extras: &[ExtraName]) -> impl Iterator<Item = &'a Required> {
        let required = self.metadata.get(name).map(|metadata| metadata.required.as_slice());
        required
            .unwrap_or_default()
            .iter()
            .filter(|required| required.requirement.evaluate_markers(&self.environment, extras))
    }

    fn extras_of(&self, name: &str) -> Vec<ExtraName> {
        self.extras.get(name).into_iter().flatten().cloned().collect()
    }

    /// Hands extras on until nobody asks for more.
    fn follow_extras(&mut self) {
        let mut waiting: VecDeque<String> = self.metadata.keys().map(|name| (*name).to_owned()).collect();
        while let Some(name) = waiting.pop_front() {
            let extras = self.extras_of(&name);
            let asked: Vec<(String, &[ExtraName])> = self
                .holding(&name, &extras)
                .filter(|required| !required.requirement.extras.is_empty())
                .map(|required| {
                    (normalize(required.requirement.name.as_ref()), &required.requirement.extras[..])
                })
                .collect();
            for (other, extras) in asked {
                let known = self.extras.entry(other.clone()).or_default();
                let count = known.len();
                known.extend(extras.iter().cloned());
                if known.len() > count {
                    waiting.push_back(other);
                }
            }
        }
    }

    /// Who requires whom, itself left out.
    fn edges(&self) -> Edges {
        let of = |name: &str| {
            let extras = self.extras_of(name);
            let holding = self.holding(name, &extras);
            holding
                .map(|required| normalize(required.requirement.name.as_ref()))
                .filter(|other| other != name)
                .collect()
        };
        self.metadata.keys().map(|name| ((*name).to_owned(), of(name))).collect()
    }

    /// Adds extras that explain why distributions are here that nobody asked for; whether there were any.
    fn explain_orphans(&mut self, requested: &BTreeSet<&str>) -> bool {
        let edges = self.edges();
        let required: BTreeSet<&str> = edges.values().flatten().map(String::as_str).collect();
        let is_orphan = |name: &str| {
            self.metadata.contains_key(name) && !required.contains(name) && !requested.contains(name)
        };
        let mut found: Vec<(String, ExtraName)> = Vec::new();
        for (&name, metadata) in self.metadata {
            let extras = self.extras_of(name);
            for extra in metadata.extras.iter().filter(|extra| !extras.contains(extra)) {
                let with_it: Vec<ExtraName> = extras.iter().chain([extra]).cloned().collect();
                let more = self
                    .holding(name, &with_it)
                    .map(|required| normalize(required.requirement.name.as_ref()))
                    .filter(|other| !edges[name].contains(other));
                let more: Vec<String> = more.collect();
                let is_here = more.iter().all(|other| self.metadata.contains_key(other.as_str()));
                if is_here && more.iter().any(|other| is_orphan(other)) {
                    found.push((name.to_owned(), extra.clone()));
                }
            }
        }
        let any = !found.is_empty();
        for (name, extra) in found {
            self.extras.entry(name).or_default().insert(extra);
        }
        any
    }
}

/// The distributions that require each other under any version, by each member's name.
fn groups(edges: &BTreeMap<u32, Edges>) -> BTreeMap<String, Vec<String>> {
    let mut graph: DiGraphMap<&str, ()> = DiGraphMap::new();
    for (name, others) in edges.values().flatten() {
        for other in others {
            graph.add_edge(name, other, ());
        }
    }
    let mut groups = BTreeMap::new();
    for mut members in kosaraju_scc(&graph).into_iter().filter(|members| members.len() > 1) {
        members.sort_unstable();
        let members: Vec<String> = members.into_iter().map(str::to_owned).collect();
        groups.extend(members.iter().map(|member| (member.clone(), members.clone())));
    }
    groups
}
