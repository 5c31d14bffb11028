import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import "./styles/index.css";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no #root to stand in.");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
