//! Frames between the grader and an answer: a magic word, a length, and a safetensors file whose `__metadata__.head`
//! is a JSON object. Structure stands in the JSON, numbers in bulk stand in tensors. Python's twin is `python/lab_sdk`.

use crate::{Error, I8, Result, Value, ensure};
use candle_core::safetensors::Load;
use candle_core::{Device, Tensor};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, View};
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Read;

/// The first eight bytes of each frame; anything else on the pipe is not ours.
pub const MAGIC: [u8; 8] = *b"RMAPwire";

/// Bytes before a frame's body: the magic word and the body's length, u64 little-endian.
pub const HEADER: usize = 16;

/// One message: a JSON object and the values that it holds.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The object without its values: `{"call": "quantize"}`.
    pub head: Map<String, Json>,
    /// Positional values: the arguments of a call, or its one result.
    pub values: Vec<Value>,
}

impl Frame {
    /// A frame with one key and value in its head.
    pub fn new(key: &str, value: impl Into<Json>) -> Self {
        let mut head = Map::new();
        head.insert(key.to_owned(), value.into());
        Self { head, values: Vec::new() }
    }

    /// The same frame with `values`.
    pub fn with(mut self, values: Vec<Value>) -> Self {
        self.values = values;
        self
    }

    /// A string of the head.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.head.get(key)?.as_str()
    }

    /// Header and body, ready to be written.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut tensors = Tensors::default();
        let values: Vec<Json> = self.values.iter().map(|v| tensors.tree(v)).collect();
        let mut head = self.head.clone();
        head.insert("values".to_owned(), Json::Array(values));
        let metadata = HashMap::from([("head".to_owned(), serde_json::to_string(&head)?)]);
        let body = safetensors::serialize(tensors.0, Some(metadata))?;
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// The next frame of a stream; `None` where the stream ends. Memory is taken as bytes come, not as a header promises.
    pub fn read(stream: &mut impl Read) -> Result<Option<Self>> {
        let mut header = [0; HEADER];
        if stream.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let length = body_length(&header)?;
        let mut body = Vec::new();
        stream.take(length).read_to_end(&mut body).map_err(|e| format!("a frame was cut short: {e}"))?;
        ensure!(body.len() as u64 == length, "a frame was cut short: {} of {length} bytes came", body.len());
        Self::decode(&body).map(Some)
    }

    /// A body (without its header) back to a frame. Each tensor stands for one value: a body of so many bytes never
    /// becomes more than a few times as many.
    pub fn decode(body: &[u8]) -> Result<Self> {
        let (_, metadata) = SafeTensors::read_metadata(body)?;
        let head = metadata.metadata().as_ref().and_then(|m| m.get("head"));
        let head = head.ok_or_else(|| Error::new("a frame without a head"))?;
        let mut head: Map<String, Json> = serde_json::from_str(head)?;
        let tensors = Held { all: SafeTensors::deserialize(body)?, taken: RefCell::default() };
        let values = match head.remove("values") {
            Some(Json::Array(values)) => values.iter().map(|v| value(v, &tensors)).collect::<Result<_>>()?,
            _ => Vec::new(),
        };
        Ok(Self { head, values })
    }
}

/// The length of the body that follows `header`; refused unless it begins with [`MAGIC`].
pub fn body_length(header: &[u8; HEADER]) -> Result<u64> {
    let (magic, length) = header.split_at(8);
    if magic != MAGIC {
        return Err(Error::new("the reply does not begin as a frame"));
    }
    let mut bytes = [0; 8];
    bytes.copy_from_slice(length);
    Ok(u64::from_le_bytes(bytes))
}

/// Bulk data of a frame: dtype, shape and little-endian bytes.
struct Bulk<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Cow<'a, [u8]>,
}

impl View for Bulk<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[derive(Default)]
struct Tensors<'a>(Vec<(String, Bulk<'a>)>);

impl<'a> Tensors<'a> {
    fn push(&mut self, dtype: Dtype, shape: Vec<usize>, bytes: Cow<'a, [u8]>) -> String {
        let name = format!("t{}", self.0.len());
        self.0.push((name.clone(), Bulk { dtype, shape, bytes }));
        name
    }

    fn list<const N: usize>(&mut self, of: &str, dtype: Dtype, items: impl ExactSizeIterator<Item = [u8; N]>) -> Json {
        let shape = vec![items.len()];
        let bytes: Vec<u8> = items.flatten().collect();
        json!({"list": self.push(dtype, shape, bytes.into()), "of": of})
    }

    fn tree(&mut self, value: &'a Value) -> Json {
        match value {
            Value::None => Json::Null,
            Value::Bool(v) => json!(v),
            Value::Int(v) => json!({"int": v.to_string()}),
            Value::Float(v) if v.is_finite() => json!({"float": v}),
            Value::Float(v) => json!({"float": v.to_string()}),
            Value::Str(v) => json!(v),
            Value::Bytes(v) => json!({"bytes": self.push(Dtype::U8, vec![v.len()], v.into())}),
            Value::Tensor(v) => {
                let bytes = Cow::Owned(View::data(v).into_owned());
                json!({"tensor": self.push(View::dtype(v), v.dims().to_vec(), bytes)})
            }
            Value::I8(v) => {
                let bytes: Vec<u8> = v.data.iter().map(|&v| v as u8).collect();
                json!({"tensor": self.push(Dtype::I8, v.shape.clone(), bytes.into())})
            }
            Value::F32s(v) => self.list("f32", Dtype::F32, v.iter().map(|v| v.to_le_bytes())),
            Value::F64s(v) => self.list("f64", Dtype::F64, v.iter().map(|v| v.to_le_bytes())),
            Value::I32s(v) => self.list("i32", Dtype::I32, v.iter().map(|v| v.to_le_bytes())),
            Value::I64s(v) => self.list("i64", Dtype::I64, v.iter().map(|v| v.to_le_bytes())),
            Value::U32s(v) => self.list("u32", Dtype::U32, v.iter().map(|v| v.to_le_bytes())),
            Value::Usizes(v) => self.list("usize", Dtype::U64, v.iter().map(|v| (*v as u64).to_le_bytes())),
            Value::List(v) => Json::Array(v.iter().map(|v| self.tree(v)).collect()),
            Value::Tuple(v) => json!({"tuple": v.iter().map(|v| self.tree(v)).collect::<Vec<_>>()}),
            Value::Map(v) => {
                let map: Map<String, Json> = v.iter().map(|(k, v)| (k.clone(), self.tree(v))).collect();
                json!({ "map": map })
            }
            Value::Json(v) => json!({ "json": v }),
            Value::Object(v) => json!({ "object": v.to_string() }),
        }
    }
}

/// The tensors of a body. One that was taken cannot be taken again: a short text could ask for a large one a million times.
struct Held<'a> {
    all: SafeTensors<'a>,
    taken: RefCell<HashSet<String>>,
}

impl Held<'_> {
    fn take(&self, name: &str) -> Result<TensorView<'_>> {
        ensure!(self.taken.borrow_mut().insert(name.to_owned()), "the tensor `{name}` stands for two values");
        Ok(self.all.tensor(name)?)
    }
}

fn value(tree: &Json, tensors: &Held<'_>) -> Result<Value> {
    Ok(match tree {
        Json::Null => Value::None,
        Json::Bool(v) => Value::Bool(*v),
        Json::String(v) => Value::Str(v.clone()),
        Json::Array(v) => Value::List(v.iter().map(|v| value(v, tensors)).collect::<Result<_>>()?),
        Json::Object(object) => tagged(object, tensors)?,
        Json::Number(v) => return Err(format!("the bare number {v} has no type").into()),
    })
}

fn tagged(object: &Map<String, Json>, tensors: &Held<'_>) -> Result<Value> {
    let (tag, inner) = object.iter().find(|(k, _)| *k != "of").ok_or_else(|| Error::new("an empty value"))?;
    let text = inner.as_str().unwrap_or_default();
    Ok(match tag.as_str() {
        "int" => Value::Int(text.parse().map_err(|_| format!("`{text}` is not an integer"))?),
        "float" => Value::Float(match inner.as_f64() {
            Some(v) => v,
            None => text.parse().map_err(|_| format!("`{text}` is not a float"))?,
        }),
        "bytes" => Value::Bytes(tensors.take(text)?.data().to_vec()),
        "tensor" => tensor(text, tensors)?,
        "list" => list(text, object.get("of").and_then(Json::as_str).unwrap_or_default(), tensors)?,
        "tuple" => Value::Tuple(match inner {
            Json::Array(v) => v.iter().map(|v| value(v, tensors)).collect::<Result<_>>()?,
            _ => return Err("a tuple without items".into()),
        }),
        "map" => Value::Map(match inner {
            Json::Object(v) => v.iter().map(|(k, v)| Ok((k.clone(), value(v, tensors)?))).collect::<Result<_>>()?,
            _ => return Err("a map without entries".into()),
        }),
        "json" => Value::Json(inner.clone()),
        "object" => Value::Object(text.parse().map_err(|_| format!("`{text}` is no object"))?),
        other => return Err(format!("unknown value `{other}`").into()),
    })
}

fn tensor(name: &str, tensors: &Held<'_>) -> Result<Value> {
    let view = tensors.take(name)?;
    Ok(match view.dtype() {
        Dtype::I8 => Value::I8(I8::new(view.shape(), view.data().iter().map(|&v| v as i8).collect())?),
        // candle has no bool and no 16/64-bit unsigned tensor of its own; both keep their values.
        Dtype::BOOL => Value::Tensor(Tensor::from_slice(view.data(), view.shape(), &Device::Cpu)?),
        _ => Value::Tensor(view.load(&Device::Cpu)?),
    })
}

fn list(name: &str, of: &str, tensors: &Held<'_>) -> Result<Value> {
    let view = tensors.take(name)?;
    let data = view.data();
    Ok(match (of, view.dtype()) {
        ("f32", Dtype::F32) => Value::F32s(numbers(data, f32::from_le_bytes)),
        ("f64", Dtype::F64) => Value::F64s(numbers(data, f64::from_le_bytes)),
        ("i32", Dtype::I32) => Value::I32s(numbers(data, i32::from_le_bytes)),
        ("i64", Dtype::I64) => Value::I64s(numbers(data, i64::from_le_bytes)),
        ("u32", Dtype::U32) => Value::U32s(numbers(data, u32::from_le_bytes)),
        ("usize", Dtype::U64) => Value::Usizes(numbers(data, |b| u64::from_le_bytes(b) as usize)),
        (_, dtype) => return Err(format!("a list of `{of}` in {dtype:?}").into()),
    })
}

fn numbers<T, const N: usize>(data: &[u8], from: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks::<N>().0.iter().map(|chunk| from(*chunk)).collect()
}
