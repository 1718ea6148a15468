// Describes the arguments that mean the same wherever they stand, in one place. Those with a text of their own keep it.

import { type GraphQLArgument, type GraphQLSchema, isInterfaceType, isObjectType } from 'graphql';

const ID = 'Global id, or the bare one of the database';

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  id: `${ID}.`,
  accountId: `${ID}, of an account.`,
  apiKeyId: `${ID}, of an API key.`,
  endpointId: `${ID}, of an endpoint.`,
  modelId: `${ID}, of a model.`,
  providerId: `${ID}, of a provider.`,
  userId: `${ID}, of a user.`,
  input: 'What to do it with: see the fields of the input.',
  filter: 'What must hold for each row, all of it together; without one every row counts.',
  orderBy: 'Order of the rows.',
  surface: 'API dialect that the client speaks.',
  paused: 'True pauses, false takes it up again.',
  failure: 'How it is to fail; NONE makes it work.',
};

/** Returns the same schema. */
export function withArgumentDescriptions(schema: GraphQLSchema): GraphQLSchema {
  for (const argument of argumentsOf(schema)) argument.description ||= DESCRIPTIONS[argument.name];
  return schema;
}

function argumentsOf(schema: GraphQLSchema): GraphQLArgument[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type) || isInterfaceType(type))
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => Object.values(type.getFields()).flatMap(({ args }) => args));
}
