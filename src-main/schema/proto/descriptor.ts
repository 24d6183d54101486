/**
 * The messages of tensorflow-metadata's `schema.proto` (1.21): for every field its type, as the text format and the
 * JSON form need it. `[]` marks a repeated field, `map:` a map from string, `enum:` an enumeration in the table below.
 */
const sequenceConstraints = 'SequenceValueConstraints[]'

export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Schema: {
    feature: 'Feature[]',
    sparse_feature: 'SparseFeature[]',
    weighted_feature: 'WeightedFeature[]',
    string_domain: 'StringDomain[]',
    float_domain: 'FloatDomain[]',
    int_domain: 'IntDomain[]',
    default_environment: 'string[]',
    represent_variable_length_as_ragged: 'bool',
    annotation: 'Annotation',
    dataset_constraints: 'DatasetConstraints',
    tensor_representation_group: 'map:TensorRepresentationGroup',
  },
  Feature: {
    name: 'string',
    deprecated: 'bool',
    presence: 'FeaturePresence',
    group_presence: 'FeaturePresenceWithinGroup',
    shape: 'FixedShape',
    value_count: 'ValueCount',
    value_counts: 'ValueCountList',
    type: 'enum:FeatureType',
    domain: 'string',
    int_domain: 'IntDomain',
    float_domain: 'FloatDomain',
    string_domain: 'StringDomain',
    bool_domain: 'BoolDomain',
    struct_domain: 'StructDomain',
    natural_language_domain: 'NaturalLanguageDomain',
    image_domain: 'ImageDomain',
    audio_domain: 'Empty',
    video_domain: 'Empty',
    content_chunk_domain: 'Empty',
    mid_domain: 'Empty',
    url_domain: 'Empty',
    time_domain: 'TimeDomain',
    time_of_day_domain: 'TimeOfDayDomain',
    distribution_constraints: 'DistributionConstraints',
    annotation: 'Annotation',
    skew_comparator: 'FeatureComparator',
    drift_comparator: 'FeatureComparator',
    in_environment: 'string[]',
    not_in_environment: 'string[]',
    lifecycle_stage: 'enum:LifecycleStage',
    unique_constraints: 'UniqueConstraints',
    validation_derived_source: 'DerivedFeatureSource',
    sequence_metadata: 'SequenceMetadata',
  },
  Empty: {},
  FeaturePresence: { min_fraction: 'double', min_count: 'int' },
  FeaturePresenceWithinGroup: { required: 'bool' },
  FixedShape: { dim: 'Dim[]' },
  Dim: { size: 'int', name: 'string' },
  ValueCount: { min: 'int', max: 'int' },
  ValueCountList: { value_count: 'ValueCount[]' },
  IntDomain: { name: 'string', min: 'int', max: 'int', is_categorical: 'bool' },
  FloatDomain: {
    name: 'string',
    min: 'double',
    max: 'double',
    disallow_nan: 'bool',
    disallow_inf: 'bool',
    is_embedding: 'bool',
    is_categorical: 'bool',
    embedding_dim: 'int',
    embedding_type: 'string',
  },
  StringDomain: { name: 'string', value: 'string[]', is_categorical: 'enum:Categorical' },
  BoolDomain: { name: 'string', true_value: 'string', false_value: 'string' },
  StructDomain: { feature: 'Feature[]', sparse_feature: 'SparseFeature[]' },
  SparseFeature: {
    name: 'string',
    deprecated: 'bool',
    lifecycle_stage: 'enum:LifecycleStage',
    presence: 'FeaturePresence',
    dense_shape: 'FixedShape',
    index_feature: 'FeatureName[]',
    is_sorted: 'bool',
    value_feature: 'FeatureName',
    type: 'enum:FeatureType',
  },
  FeatureName: { name: 'string' },
  NaturalLanguageDomain: {
    vocabulary: 'string',
    coverage: 'FeatureCoverageConstraints',
    token_constraints: sequenceConstraints,
    sequence_length_constraints: 'SequenceLengthConstraints',
  },
  FeatureCoverageConstraints: {
    min_coverage: 'double',
    min_avg_token_length: 'double',
    excluded_string_tokens: 'string[]',
    excluded_int_tokens: 'int[]',
    oov_string_tokens: 'string[]',
  },
  SequenceValueConstraints: {
    int_value: 'int',
    string_value: 'string',
    min_per_sequence: 'int',
    max_per_sequence: 'int',
    min_fraction_of_sequences: 'double',
    max_fraction_of_sequences: 'double',
  },
  SequenceLengthConstraints: {
    excluded_int_value: 'int[]',
    excluded_string_value: 'string[]',
    min_sequence_length: 'int',
    max_sequence_length: 'int',
  },
  ImageDomain: { minimum_supported_image_fraction: 'double', max_image_byte_size: 'int' },
  TimeDomain: { string_format: 'string', integer_format: 'enum:TimeFormat' },
  TimeOfDayDomain: { string_format: 'string', integer_format: 'enum:TimeOfDayFormat' },
  DistributionConstraints: { min_domain_mass: 'double' },
  Annotation: { tag: 'string[]', comment: 'string[]', extra_metadata: 'Any[]' },
  FeatureComparator: {
    infinity_norm: 'Threshold',
    jensen_shannon_divergence: 'JensenShannonDivergence',
    normalized_abs_difference: 'Threshold',
  },
  Threshold: { threshold: 'double' },
  JensenShannonDivergence: { threshold: 'double', source: 'HistogramSelection' },
  HistogramSelection: { type: 'enum:HistogramType' },
  UniqueConstraints: { min: 'int', max: 'int' },
  DerivedFeatureSource: {
    deriver_name: 'string',
    description: 'string',
    source_path: 'Path[]',
    declaratively_configured: 'bool',
    config: 'DerivedFeatureConfig',
  },
  Path: { step: 'string[]' },
  DerivedFeatureConfig: {
    allowlist: 'AllowlistDeriver',
    argmax_top_k: 'ArgmaxTopK',
    reduce_op: 'ReduceOp',
    slice_sql: 'SliceSql',
    image_quality: 'ImageQualityDeriver',
  },
  AllowlistDeriver: { allowed_bytes_value: 'bytes[]', placeholder_value: 'bytes' },
  ArgmaxTopK: { k: 'int32' },
  ReduceOp: { op_name: 'string' },
  SliceSql: {
    expression: 'string',
    feature_value_type: 'enum:SqlValueType',
    drop_struct_name: 'bool',
    int64_default_feature_value: 'int',
    float_default_feature_value: 'double',
    string_default_feature_value: 'string',
  },
  ImageQualityDeriver: { model_name: 'string' },
  SequenceMetadata: {
    sequential_status: 'enum:Sequential',
    joint_group: 'string',
    sequence_truncation_limit: 'int',
  },
  WeightedFeature: {
    name: 'string',
    feature: 'Path',
    weight_feature: 'Path',
    lifecycle_stage: 'enum:LifecycleStage',
  },
  DatasetConstraints: {
    num_examples_drift_comparator: 'NumericValueComparator',
    num_examples_version_comparator: 'NumericValueComparator',
    min_examples_count: 'int',
    max_examples_count: 'int',
  },
  NumericValueComparator: { min_fraction_threshold: 'double', max_fraction_threshold: 'double' },
  TensorRepresentationGroup: { tensor_representation: 'map:TensorRepresentation' },
  TensorRepresentation: {
    dense_tensor: 'DenseTensor',
    varlen_sparse_tensor: 'VarLenSparseTensor',
    sparse_tensor: 'SparseTensor',
    ragged_tensor: 'RaggedTensor',
  },
  DenseTensor: { column_name: 'string', shape: 'FixedShape', default_value: 'DefaultValue' },
  DefaultValue: { float_value: 'double', int_value: 'int', bytes_value: 'bytes', uint_value: 'int' },
  VarLenSparseTensor: { column_name: 'string' },
  SparseTensor: {
    dense_shape: 'FixedShape',
    index_column_names: 'string[]',
    value_column_name: 'string',
    already_sorted: 'bool',
  },
  RaggedTensor: { feature_path: 'Path', partition: 'Partition[]', row_partition_dtype: 'enum:RowPartition' },
  Partition: { uniform_row_length: 'int', row_length: 'string' },
}

/** Enumerations: names at the index of their numbers (null where a number is not used). */
export const enums: Readonly<Record<string, readonly (string | null)[]>> = {
  FeatureType: ['TYPE_UNKNOWN', 'BYTES', 'INT', 'FLOAT', 'STRUCT'],
  LifecycleStage: [
    'UNKNOWN_STAGE',
    'PLANNED',
    'ALPHA',
    'BETA',
    'PRODUCTION',
    'DEPRECATED',
    'DEBUG_ONLY',
    'DISABLED',
    null,
    'VALIDATION_DERIVED',
  ],
  Categorical: ['CATEGORICAL_UNSPECIFIED', 'CATEGORICAL_YES', 'CATEGORICAL_NO'],
  TimeFormat: [
    'FORMAT_UNKNOWN',
    'UNIX_SECONDS',
    'UNIX_MILLISECONDS',
    'UNIX_MICROSECONDS',
    'UNIX_NANOSECONDS',
    'UNIX_DAYS',
  ],
  TimeOfDayFormat: ['FORMAT_UNKNOWN', 'PACKED_64_NANOS'],
  HistogramType: ['DEFAULT', 'QUANTILES', 'STANDARD'],
  SqlValueType: ['VALUE_TYPE_DEFAULT', 'VALUE_TYPE_INTEGER', 'VALUE_TYPE_FLOAT', 'VALUE_TYPE_UNSUPPORTED'],
  Sequential: ['SEQUENTIAL_UNSPECIFIED', 'SEQUENTIAL_YES', 'SEQUENTIAL_NO'],
  RowPartition: ['UNSPECIFIED', 'INT64', 'INT32'],
}

/** One field of a message: its name in the text format and in JSON, its type, and how often it occurs. */
export interface FieldType {
  textName: string
  jsonName: string
  /** `int` (64 bits), `int32`, `double`, `bool`, `string`, `bytes`, `Any`, `enum:…`, or the name of a message. */
  type: string
  occurs: 'once' | 'repeated' | 'map'
}

/** The JSON name of a field: `is_categorical` becomes `isCategorical`. */
export function jsonNameOf(textName: string): string {
  return textName.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

const byText = new Map<string, Map<string, FieldType>>()
const byJson = new Map<string, Map<string, FieldType>>()
for (const [message, fields] of Object.entries(messages)) {
  const text = new Map<string, FieldType>()
  const json = new Map<string, FieldType>()
  for (const [textName, declared] of Object.entries(fields)) {
    const occurs = declared.endsWith('[]') ? 'repeated' : declared.startsWith('map:') ? 'map' : 'once'
    const type = declared.replace(/\[\]$|^map:/g, '')
    const field: FieldType = { textName, jsonName: jsonNameOf(textName), type, occurs }
    text.set(textName, field)
    // The JSON form of protobuf reads both names of a field.
    json.set(textName, field)
    json.set(field.jsonName, field)
  }
  byText.set(message, text)
  byJson.set(message, json)
}

export function fieldByTextName(message: string, name: string): FieldType | undefined {
  return byText.get(message)?.get(name)
}

export function fieldByJsonName(message: string, name: string): FieldType | undefined {
  return byJson.get(message)?.get(name)
}
