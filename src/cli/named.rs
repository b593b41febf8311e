//! Values that have names, as clap takes them: what the library lists is a flag's choice.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// A parser of one of these values, each with the name that stands for it and what help says of it.
pub(super) fn one_of<T: Copy + Send + Sync + 'static>(
    values: Vec<(PossibleValue, T)>,
) -> impl TypedValueParser<Value = T> {
    let names: Vec<PossibleValue> = values.iter().map(|(name, _)| name.clone()).collect();
    PossibleValuesParser::new(names).try_map(move |text| {
        let found = values.iter().find(|(name, _)| name.matches(&text, false));
        found.map(|(_, value)| *value).ok_or_else(|| format!("there is no {text:?}"))
    })
}
