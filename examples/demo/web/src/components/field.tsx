import type { ComponentProps } from "react";

/** A text or number to fill in, under its name. */
export function Field({
  label,
  wide,
  ...input
}: { label: string; wide?: boolean } & ComponentProps<"input">) {
  return (
    <label className={wide ? "field wide" : "field"}>
      <span>{label}</span>
      <input autoComplete="off" {...input} />
    </label>
  );
}

/** One of several, under its name. */
export function Choice({
  label,
  options,
  ...select
}: {
  label: string;
  options: readonly (string | number)[];
} & ComponentProps<"select">) {
  return (
    <label className="field">
      <span>{label}</span>
      <select {...select}>
        {options.map((option) => (
          <option key={option} value={option}>
            {typeof option === "string" ? option.charAt(0).toUpperCase() + option.slice(1) : option}
          </option>
        ))}
      </select>
    </label>
  );
}
