export {
  type DirectoryAddress,
  type MlflowAddress,
  parseRemoteAddress,
  REMOTE_KINDS,
  type RemoteAddress,
  type RemoteKind,
  type SshAddress,
} from "./address.js";
export { type Credentials, isSendable } from "./credentials.js";
export { addRemote, changeRemote, type RemoteChange, removeRemote, renameRemote } from "./edit-remotes.js";
export { httpSettingsOf } from "./http-settings.js";
export {
  chooseLogin,
  type HttpAccess,
  type OpenedRemote,
  type OpenRemoteOptions,
  openRemote,
  openTypedRemote,
  type Trust,
  trustIn,
} from "./open-remote.js";
export { openByKind, type RemoteOpener, type RemoteOpeners } from "./openers.js";
export {
  changePrivateRemote,
  type Environment,
  type Login,
  type PrivateRemote,
  privateDirectoryOf,
  readPrivateRemote,
  renamePrivateRemote,
} from "./private-settings.js";
export { defaultRemote, type RemoteList, readRemote, readRemotes } from "./read-remotes.js";
export {
  ARTIFACT_POLICIES,
  MAX_JOBS,
  RECEIPT_POLICIES,
  type ReceiptPolicy,
  type RemoteArtifactPolicy,
  type RemoteSettings,
} from "./settings.js";
