import protobuf from 'protobufjs/light'

/**
 * The part of TensorFlow's protocol buffers that a SavedModel without functions needs, with the field numbers of
 * TensorFlow 2.21 (tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto, tensorflow/core/framework/*.proto).
 * A field that is not here is skipped while reading.
 */
const field = (id: number, type: string) => ({ id, type })
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' })
const map = (id: number, type: string) => ({ id, type, keyType: 'string' })

const root = protobuf.Root.fromJSON({
  nested: {
    SavedModel: {
      fields: { saved_model_schema_version: field(1, 'int64'), meta_graphs: list(2, 'MetaGraphDef') },
    },
    MetaGraphDef: {
      fields: {
        meta_info_def: field(1, 'MetaInfoDef'),
        graph_def: field(2, 'GraphDef'),
        saver_def: field(3, 'SaverDef'),
        collection_def: map(4, 'CollectionDef'),
        signature_def: map(5, 'SignatureDef'),
        asset_file_def: list(6, 'AssetFileDef'),
      },
    },
    MetaInfoDef: {
      fields: {
        tags: list(4, 'string'),
        tensorflow_version: field(5, 'string'),
        stripped_default_attrs: field(7, 'bool'),
      },
    },
    SignatureDef: {
      fields: {
        inputs: map(1, 'TensorInfo'),
        outputs: map(2, 'TensorInfo'),
        method_name: field(3, 'string'),
      },
    },
    TensorInfo: {
      fields: {
        name: field(1, 'string'),
        dtype: field(2, 'int32'),
        tensor_shape: field(3, 'TensorShapeProto'),
      },
    },
    GraphDef: { fields: { node: list(1, 'NodeDef'), versions: field(4, 'VersionDef') } },
    VersionDef: { fields: { producer: field(1, 'int32'), min_consumer: field(2, 'int32') } },
    NodeDef: {
      fields: {
        name: field(1, 'string'),
        op: field(2, 'string'),
        input: list(3, 'string'),
        device: field(4, 'string'),
        attr: map(5, 'AttrValue'),
      },
    },
    AttrValue: {
      // Members of a oneof are written even where they are 0, false or empty: without that, TensorFlow finds no value.
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: field(1, 'ListValue'),
        s: field(2, 'bytes'),
        i: field(3, 'int64'),
        f: field(4, 'float'),
        b: field(5, 'bool'),
        type: field(6, 'int32'),
        shape: field(7, 'TensorShapeProto'),
        tensor: field(8, 'TensorProto'),
      },
    },
    ListValue: {
      fields: {
        s: list(2, 'bytes'),
        i: list(3, 'int64'),
        f: list(4, 'float'),
        b: list(5, 'bool'),
        type: list(6, 'int32'),
        shape: list(7, 'TensorShapeProto'),
      },
    },
    TensorProto: {
      fields: {
        dtype: field(1, 'int32'),
        tensor_shape: field(2, 'TensorShapeProto'),
        tensor_content: field(4, 'bytes'),
        string_val: list(8, 'bytes'),
      },
    },
    TensorShapeProto: { fields: { dim: list(2, 'Dim'), unknown_rank: field(3, 'bool') } },
    Dim: { fields: { size: field(1, 'int64') } },
    SaverDef: {
      fields: {
        filename_tensor_name: field(1, 'string'),
        save_tensor_name: field(2, 'string'),
        restore_op_name: field(3, 'string'),
        max_to_keep: field(4, 'int32'),
        sharded: field(5, 'bool'),
        version: field(7, 'int32'),
      },
    },
    AssetFileDef: { fields: { tensor_info: field(1, 'TensorInfo'), filename: field(2, 'string') } },
    CollectionDef: { fields: { node_list: field(1, 'NodeList'), bytes_list: field(2, 'BytesList') } },
    NodeList: { fields: { value: list(1, 'string') } },
    BytesList: { fields: { value: list(1, 'bytes') } },
    VariableDef: {
      fields: {
        variable_name: field(1, 'string'),
        initializer_name: field(2, 'string'),
        snapshot_name: field(3, 'string'),
        is_resource: field(5, 'bool'),
        initial_value_name: field(6, 'string'),
        trainable: field(7, 'bool'),
      },
    },
  },
})

export interface ShapeMessage {
  dim?: { size: number }[]
  unknown_rank?: boolean
}
export interface TensorMessage {
  dtype: number
  tensor_shape: ShapeMessage
  tensor_content?: Uint8Array
  string_val?: Uint8Array[]
}
export interface ListMessage {
  s?: Uint8Array[]
  i?: number[]
  f?: number[]
  b?: boolean[]
  type?: number[]
  shape?: ShapeMessage[]
}
export interface AttrMessage {
  list?: ListMessage
  s?: Uint8Array
  i?: number
  f?: number
  b?: boolean
  type?: number
  shape?: ShapeMessage
  tensor?: TensorMessage
}
export interface NodeMessage {
  name: string
  op: string
  input?: string[]
  device?: string
  attr: Record<string, AttrMessage>
}
export interface GraphMessage {
  node: NodeMessage[]
  versions: { producer: number; min_consumer: number }
}
export interface TensorInfoMessage {
  name: string
  dtype: number
  tensor_shape: ShapeMessage
}
export interface SignatureMessage {
  inputs: Record<string, TensorInfoMessage>
  outputs: Record<string, TensorInfoMessage>
  method_name: string
}
export interface MetaGraphMessage {
  meta_info_def: { tags: string[]; tensorflow_version: string; stripped_default_attrs: boolean }
  graph_def: GraphMessage
  saver_def?: {
    filename_tensor_name: string
    save_tensor_name: string
    restore_op_name: string
    max_to_keep: number
    sharded: boolean
    version: number
  }
  collection_def?: Record<string, { node_list?: { value: string[] }; bytes_list?: { value: Uint8Array[] } }>
  signature_def: Record<string, SignatureMessage>
  asset_file_def?: { tensor_info: TensorInfoMessage; filename: string }[]
}
export interface SavedModelMessage {
  saved_model_schema_version: number
  meta_graphs: MetaGraphMessage[]
}
export interface VariableMessage {
  variable_name: string
  initializer_name: string
  snapshot_name: string
  is_resource: boolean
  initial_value_name: string
  trainable: boolean
}

/** 64-bit integers as numbers: sizes and counts stay far below 2^53. */
const plain: protobuf.IConversionOptions = { longs: Number, defaults: false }

export function encodeSavedModel(message: SavedModelMessage): Uint8Array {
  return root.lookupType('SavedModel').encode(message).finish()
}

/** Reads a saved_model.pb; fields that are not in the table above are left out. Throws on bytes that are no such file. */
export function decodeSavedModel(bytes: Uint8Array): Record<string, unknown> {
  const type = root.lookupType('SavedModel')
  return type.toObject(type.decode(bytes), plain)
}

export function encodeVariable(message: VariableMessage): Uint8Array {
  return root.lookupType('VariableDef').encode(message).finish()
}

export function encodeGraph(message: GraphMessage): Uint8Array {
  return root.lookupType('GraphDef').encode(message).finish()
}
