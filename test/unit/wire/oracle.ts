/**
 * Owns the independent truth that the payload codec is measured by: Nacos' three messages as descriptors for
 * protobuf-es, written down by hand from docs/protocol.md#payload. Used by the tests of src/wire only, and it
 * shares nothing with the code it judges.
 */
import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescField,
  type DescMessage,
} from '@bufbuild/protobuf';
import {
  isReflectMap,
  isReflectMessage,
  reflect,
  type ReflectMessage,
} from '@bufbuild/protobuf/reflect';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';

/** What a message says, in plain values. */
export interface OracleMessage {
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clientIp: string;
  readonly typeUrl: string;
  readonly body: Uint8Array;
}

const text = (name: string, number: number) => ({
  name,
  number,
  type: Type.STRING,
  label: Label.OPTIONAL,
});
const message = (name: string, number: number, typeName: string) => ({
  name,
  number,
  type: Type.MESSAGE,
  label: Label.OPTIONAL,
  typeName,
});

const file = create(FileDescriptorProtoSchema, {
  name: 'oracle.proto',
  syntax: 'proto3',
  messageType: [
    {
      name: 'Any',
      field: [
        text('type_url', 1),
        { name: 'value', number: 2, type: Type.BYTES, label: Label.OPTIONAL },
      ],
    },
    {
      name: 'Metadata',
      field: [
        text('type', 3),
        { ...message('headers', 7, '.Metadata.HeadersEntry'), label: Label.REPEATED },
        text('client_ip', 8),
      ],
      nestedType: [
        {
          name: 'HeadersEntry',
          options: { mapEntry: true },
          field: [text('key', 1), text('value', 2)],
        },
      ],
    },
    {
      name: 'Payload',
      field: [message('metadata', 2, '.Metadata'), message('body', 3, '.Any')],
    },
  ],
});
const registry = createFileRegistry(file, () => undefined);
const payloadType = messageOf('Payload');
const metadataType = messageOf('Metadata');
const anyType = messageOf('Any');

/** @throws whatever protobuf-es throws for bytes that are no Payload. */
export function oracleDecode(bytes: Uint8Array): OracleMessage {
  const payload = reflect(payloadType, fromBinary(payloadType, bytes));
  const metadata = child(payload, 2);
  const any = child(payload, 3);
  const headers = metadata.get(field(metadataType, 7));
  if (!isReflectMap(headers)) throw new TypeError('headers is no map');
  return {
    type: textOf(metadata.get(field(metadataType, 3))),
    headers: Object.fromEntries([...headers].map(([key, value]) => [String(key), String(value)])),
    clientIp: textOf(metadata.get(field(metadataType, 8))),
    typeUrl: textOf(any.get(field(anyType, 1))),
    body: bytesOf(any.get(field(anyType, 2))),
  };
}

/** Both inner messages are always there, also empty ones. */
export function oracleEncode(from: Omit<OracleMessage, 'typeUrl'>, typeUrl = ''): Uint8Array {
  const metadata = reflect(metadataType);
  metadata.set(field(metadataType, 3), from.type);
  metadata.set(field(metadataType, 8), from.clientIp);
  const headers = metadata.get(field(metadataType, 7));
  if (!isReflectMap(headers)) throw new TypeError('headers is no map');
  for (const [key, value] of Object.entries(from.headers)) headers.set(key, value);
  const any = reflect(anyType);
  any.set(field(anyType, 1), typeUrl);
  any.set(field(anyType, 2), from.body);
  const payload = reflect(payloadType);
  payload.set(field(payloadType, 2), metadata);
  payload.set(field(payloadType, 3), any);
  return toBinary(payloadType, payload.message);
}

function messageOf(name: string): DescMessage {
  const found = registry.getMessage(name);
  if (found === undefined) throw new TypeError(`no message ${name}`);
  return found;
}

function field(of: DescMessage, number: number): DescField {
  const found = of.fields.find((each) => each.number === number);
  if (found === undefined) throw new TypeError(`no field ${String(number)} in ${of.name}`);
  return found;
}

function child(payload: ReflectMessage, number: number): ReflectMessage {
  const value = payload.get(field(payloadType, number));
  if (!isReflectMessage(value)) throw new TypeError(`field ${String(number)} is no message`);
  return value;
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('value is not bytes');
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('value is not text');
  return value;
}
