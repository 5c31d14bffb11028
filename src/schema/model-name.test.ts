import { expect, test } from "vitest";

import { modelName, pluralize, tableName } from "./model-name.ts";

test.each([
  ["NotificationModelClass", "notification", "notifications"],
  ["PostModel", "post", "posts"],
  ["UserProfileFrameClass", "userProfile", "user_profiles"],
  ["ChatFrame", "chat", "chats"],
  ["TaskClass", "task", "tasks"],
  ["Monitor", "monitor", "monitors"],
  ["ModelModel", "model", "models"],
  ["Model", "model", "models"],
  ["SSELogModel", "sseLog", "sse_logs"],
  ["URLModel", "url", "urls"],
  ["OrderV2Model", "orderV2", "order_v2s"],
  ["NewsItemModel", "newsItem", "news_items"],
  ["ProductCategoryModelClass", "productCategory", "product_categories"],
])("%s is the model %s with the table %s", (className, model, table) => {
  expect(modelName(className)).toBe(model);
  expect(tableName(className)).toBe(table);
});

test.each([
  ["category", "categories"],
  ["box", "boxes"],
  ["day", "days"],
  ["status", "statuses"],
  ["bus", "buses"],
  ["branch", "branches"],
  ["wish", "wishes"],
  ["person", "people"],
  ["child", "children"],
  ["analysis", "analyses"],
  ["index", "indices"],
  ["leaf", "leaves"],
  ["knife", "knives"],
  ["proof", "proofs"],
  ["safe", "safes"],
  ["hero", "heroes"],
  ["photo", "photos"],
  ["news", "news"],
  ["query", "queries"],
  ["soliloquy", "soliloquies"],
  ["quiz", "quizzes"],
  ["address", "addresses"],
  ["toString", "toStrings"],
])("the plural of %s is %s", (singular, plural) => {
  expect(pluralize(singular)).toBe(plural);
});
