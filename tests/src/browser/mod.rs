//! A real Chromium, told step by step what to do and asked what a page could see of it, through `tests/browser`.
//!
//! What a page can read is the browser's verdict, and what really went over the wire is [`wire`]'s. [`shop`] is what
//! pages and servers there are. A browser ends with its driver, a process of its own; dropping a [`Browser`] ends that.

pub mod shop;
pub mod site;
pub mod wire;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long a step may take, the first of all with npm's download.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser.
pub struct Browser {
    driver: Child,
    steps: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// What its console said in this visit: why it keeps an answer from a page, among others.
    pub console: Vec<String>,
}

impl Browser {
    /// Starts one. The error says which part of it is missing, if one is.
    pub async fn start() -> anyhow::Result<Self> {
        let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/run");
        let mut driver = Command::new(run)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // The browser sees its driver's end, and ends too.
            .kill_on_drop(true)
            .spawn()?;
        let steps = driver.stdin.take().context("a pipe to the driver")?;
        let answers = BufReader::new(driver.stdout.take().context("a pipe from the driver")?).lines();
        let mut browser = Self { driver, steps, answers, console: Vec::new() };
        // It says so when it has started.
        browser.answer().await?;
        Ok(browser)
    }

    /// A new profile: no cookies, empty caches.
    pub async fn visit(&mut self, name: &str) -> anyhow::Result<()> {
        self.step(json!({ "visit": name })).await?;
        self.console.clear();
        Ok(())
    }

    /// Opens a page.
    pub async fn open(&mut self, url: &str) -> anyhow::Result<()> {
        self.step(json!({ "open": url })).await.map(drop)
    }

    /// What the page's script gets when it calls `fetch`.
    pub async fn fetch(&mut self, url: &str, init: &Value) -> anyhow::Result<Value> {
        self.step(json!({ "fetch": url, "init": init })).await
    }

    /// The text of the page's element, once it has some.
    pub async fn read(&mut self, selector: &str) -> anyhow::Result<String> {
        let answer = self.step(json!({ "read": selector })).await?;
        Ok(answer["text"].as_str().unwrap_or_default().to_owned())
    }

    /// Ends it, and waits until it has.
    pub async fn close(self) -> anyhow::Result<()> {
        let Self { mut driver, steps, .. } = self;
        drop(steps);
        timeout(PATIENCE, driver.wait()).await??;
        Ok(())
    }

    async fn step(&mut self, step: Value) -> anyhow::Result<Value> {
        self.steps.write_all(format!("{step}\n").as_bytes()).await?;
        let answer = self.answer().await.with_context(|| step.to_string())?;
        let said = answer["console"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.console.extend(said.map(str::to_owned));
        Ok(answer)
    }

    async fn answer(&mut self) -> anyhow::Result<Value> {
        match timeout(PATIENCE, self.answers.next_line()).await.context("the browser does not answer")?? {
            Some(line) => Ok(serde_json::from_str(&line)?),
            None => {
                let mut said = String::new();
                if let Some(stderr) = &mut self.driver.stderr {
                    stderr.read_to_string(&mut said).await?;
                }
                anyhow::bail!("{}", said.trim_end())
            }
        }
    }
}
