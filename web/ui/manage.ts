// The script of the pages that manage a database: sharing, snapshots, imports and
// settings. Without it they work by plain forms.
import { enterAccounts } from "./manage/accounts";
import { busyForms } from "./manage/busy";
import { importFiles } from "./manage/import";
import { watchRunning } from "./manage/running";
import { segment } from "./manage/segmented";
import { copySnippets, deleteByDialog } from "./manage/settings";
import { share } from "./manage/sharing";
import { restoreSnapshots } from "./manage/snapshots";
import { showCurrentTab } from "./manage/tabs";

segment();
share();
enterAccounts();
restoreSnapshots();
importFiles();
watchRunning();
copySnippets();
deleteByDialog();
busyForms();
showCurrentTab();
addEventListener("resize", showCurrentTab);
