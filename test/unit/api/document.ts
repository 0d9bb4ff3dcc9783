/** A printed document as tests read it: its operations, and whether a value fits one of its schemas. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import type { Document, Json, Operation } from '../../../scripts/lib/openapi.ts';

export type { Document, Json, Operation };

export type Described = {
  document: Document;
  operations: { method: string; path: string; operation: Operation }[];
  /** A schema without its `$ref`. */
  bare(schema: Json): Json;
  /** Faults of a value, `''` for none. */
  faults(schema: Json, value: unknown): string;
  /** Every code that a status of an operation may carry. */
  codes(operation: Operation, status: number): string[];
};

export function readDocument(file: string): Described {
  const document = JSON.parse(readFileSync(file, 'utf8')) as Document;
  const ajv = new Ajv2020({ strict: false, logger: false, validateFormats: false });
  ajv.addSchema({ $id: 'document', components: document.components });
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  const target = (ref: string): Json => {
    const [kind = '', name = ''] = ref.split('/').slice(2);
    return (document.components as unknown as Record<string, Record<string, Json>>)[kind]?.[name] ?? {};
  };
  const resolved = (schema: Json): Json =>
    typeof schema['$ref'] === 'string' ? resolved(target(schema['$ref'])) : schema;
  return {
    document,
    operations: Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    ),
    bare: resolved,
    faults(schema, value) {
      const text = JSON.stringify(schema).replaceAll('"#/', '"document#/');
      const validate = validators.get(text) ?? ajv.compile(JSON.parse(text) as object);
      validators.set(text, validate);
      return validate(value) ? '' : ajv.errorsText(validate.errors);
    },
    codes(operation, status) {
      const response = resolved(operation.responses[String(status)] ?? operation.responses['default'] ?? {});
      const content = response['content'] as Record<string, { schema: { properties?: Json } }> | undefined;
      const code = content?.['application/problem+json']?.schema.properties?.['code'] as
        { enum?: string[] } | undefined;
      return code?.enum ?? [];
    },
  };
}
