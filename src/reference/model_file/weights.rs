//! A safetensors file: its header lists tensors, and no graph says what is done with them.

use super::Own;
use lab_sdk::{Result, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

/// The format's own limit on a header.
const HEADER: u64 = 100_000_000;

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

/// Bits of an element.
const DTYPES: &[(&str, u64)] = &[
    ("F64", 64),
    ("F32", 32),
    ("F16", 16),
    ("BF16", 16),
    ("F8_E4M3", 8),
    ("F8_E5M2", 8),
    ("F8_E8M0", 8),
    ("F4", 4),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("I64", 64),
    ("I32", 32),
    ("I16", 16),
    ("I8", 8),
    ("U64", 64),
    ("U32", 32),
    ("U16", 16),
    ("U8", 8),
    ("BOOL", 8),
];

/// The number of weights, and where most of them are.
pub fn read(mut file: File, length: u64) -> Result<Own> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes).map_err(|_| "is cut short: no safetensors header")?;
    let header = u64::from_le_bytes(bytes);
    ensure!(header <= HEADER, "says that its header has {header} bytes; the format allows {HEADER}");
    ensure!(header + 8 <= length, "is cut short: a header of {header} bytes in a file of {length}");
    let mut text = Vec::new();
    file.take(header).read_to_end(&mut text).map_err(|e| e.to_string())?;
    let mut entries: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&text).map_err(|e| format!("has a header that is no JSON: {e}"))?;
    entries.remove("__metadata__");
    let (mut params, mut parts): (u64, BTreeMap<String, u64>) = (0, BTreeMap::new());
    for (name, entry) in entries {
        let tensor = Tensor::deserialize(entry).map_err(|e| format!("tensor `{name}`: {e}"))?;
        let elements = elements(&name, &tensor, length - 8 - header)?;
        params = params.checked_add(elements).ok_or("has more than 2^64 weights")?;
        *parts.entry(part(&name)).or_default() += elements;
    }
    let mut largest: Vec<(String, u64)> = parts.into_iter().collect();
    largest.sort_by_key(|(_, elements)| std::cmp::Reverse(*elements));
    let largest: Vec<String> = largest.iter().take(4).map(|(part, n)| format!("{part} {n}")).collect();
    let remarks = vec![
        "a safetensors file holds weights and no graph: parameters, no MACs".to_owned(),
        format!("most of them: {}", largest.join(", ")),
    ];
    Ok(Own { arch: None, params, remarks })
}

/// The elements of a tensor whose dtype, shape and place agree.
fn elements(name: &str, tensor: &Tensor, data: u64) -> Result<u64> {
    let Some((_, bits)) = DTYPES.iter().find(|(dtype, _)| *dtype == tensor.dtype) else {
        return Err(format!("tensor `{name}` has the unknown dtype `{}`", tensor.dtype).into());
    };
    let count = tensor.shape.iter().try_fold(1_u64, |all, &n| all.checked_mul(n));
    let size = count.and_then(|count| count.checked_mul(*bits)).map(|bits| bits / 8);
    let [start, end] = tensor.data_offsets;
    match (count, size) {
        (Some(count), Some(size)) if start <= end && end <= data && end - start == size => Ok(count),
        (Some(_), Some(size)) if start <= end && end - start == size => {
            Err(format!("is cut short: tensor `{name}` ends at byte {end} of {data}").into())
        }
        _ => Err(format!("tensor `{name}` of shape {:?} does not fit bytes {start}..{end}", tensor.shape).into()),
    }
}

/// `model.layers` of `model.layers.3.mlp.up_proj.weight`: the name up to its first number.
fn part(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let numbered = parts.iter().position(|part| part.parse::<u64>().is_ok());
    parts[..numbered.unwrap_or(parts.len().saturating_sub(1).max(1))].join(".")
}
