// The entity types by name, so that concept files can point at each other without importing each other.

import type {
  Account,
  ApiKey,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  RequestRow,
  User,
} from '../gateway/ports.ts';
import type { Affinity } from './affinity-view.ts';
import { builder } from './builder.ts';

export const ProviderRef = builder.objectRef<Provider>('Provider');
export const EndpointRef = builder.objectRef<Endpoint>('Endpoint');
export const AccountRef = builder.objectRef<Account>('Account');
export const ModelRef = builder.objectRef<Model>('Model');
export const ModelMappingRef = builder.objectRef<ModelMapping>('ModelMapping');
export const UserRef = builder.objectRef<User>('User');
export const ApiKeyRef = builder.objectRef<ApiKey>('ApiKey');
export const RequestLogRef = builder.objectRef<RequestRow>('RequestLog');
export const AffinityRef = builder.objectRef<Affinity>('Affinity');
