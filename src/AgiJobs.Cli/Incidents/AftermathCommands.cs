using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgiJobs.Control;
using AgiJobs.Control.Authority;
using AgiJobs.Control.Changes;
using AgiJobs.Control.Evidence;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;
using AgiJobs.Ethereum;
using AgiJobs.Response.Findings;
using AgiJobs.Response.Incidents;

namespace AgiJobs.Cli.Incidents;

/// <summary><c>incident triage|review|follow-up|archive|status|metrics</c>.</summary>
internal static class AftermathCommands
{
    public static IEnumerable<Command> Build(IncidentCommands.Context context) => [Triaging(context), Review(context), FollowUps(context), Archive(context), Status(context), Metrics(context)];

    private static Command Triaging(IncidentCommands.Context context)
    {
        var id = new Argument<string?>("id") { Description = "an incident, whose alerts and transactions are looked at", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        var modules = new Option<string[]>("--module") { Description = "a module that is concerned; may be given several times", HelpName = "NAME" };
        var command = new Command("triage", "is an anomaly confined to one surface, or does it touch governance, and on what evidence? Reads only. Exit 0: no governance; 3: it touches governance; 5: unknown") { id, modules, context.Alerts, context.Transactions };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var state = parsed.GetValue(id) is { } named ? await desk.Incidents.ReadAsync(named, cancellation).ConfigureAwait(false) : null;
            var unknown = new List<string>();
            IReadOnlyList<string> alerts = [.. state?.Alerts ?? [], .. parsed.GetValue(context.Alerts) ?? []];
            var (findings, missing) = await desk.Alerts.FindingsAsync(alerts, cancellation).ConfigureAwait(false);
            unknown.AddRange(missing);
            var hashes = (state?.Transactions ?? []).Concat(await desk.Alerts.TransactionsAsync(alerts, cancellation).ConfigureAwait(false)).Concat((parsed.GetValue(context.Transactions) ?? []).Select(IncidentCommands.Context.Hash)).Distinct().ToList();
            var transactions = new List<TriageTransaction>();
            foreach (var hash in hashes)
            {
                transactions.Add(await desk.TransactionAsync(hash, cancellation).ConfigureAwait(false));
            }

            var names = parsed.GetValue(modules) ?? [];
            if (names.FirstOrDefault(name => session.Protocol.Modules.All(module => module.Name != name)) is { } odd)
            {
                throw new ControlException("module-unknown", ExitCode.BadInput, $"'{Plain.Line(odd)}' is no module of the protocol.", $"There are {string.Join(", ", session.Protocol.Modules.Select(module => module.Name))}.");
            }

            AuthorityMatrix? matrix = null;
            try
            {
                matrix = AuthorityMatrix.Of(await session.ObserveWholeAsync(cancellation).ConfigureAwait(false));
            }
            catch (Exception problem) when (problem is EthereumException or ControlException { Exit: ExitCode.Unknown })
            {
                unknown.Add($"the chain: {problem.Message}");
            }

            var triage = Triage.Of(session.Protocol, session.NetworkFile.Safe, findings, names, transactions, matrix, unknown);
            var exit = triage.Verdict switch { TriageVerdict.Governance => ExitCode.Findings, TriageVerdict.Unknown => ExitCode.Unknown, _ => ExitCode.Clean };
            session.Terminal.Line($"{desk.Heading}{(state is null ? "" : $": incident {state.Id}")}");
            session.Terminal.Line(triage.Line);
            foreach (var sentence in triage.Sentences)
            {
                session.Terminal.Line($"  {(sentence.Weighs switch { TriageVerdict.Governance => "GOVERNANCE", TriageVerdict.Unknown => "UNKNOWN   ", _ => "          " })} {sentence.Says}");
                session.Terminal.Line($"             on: {sentence.Evidence}");
            }

            session.Terminal.Json("agijobs.incident-triage/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("verdict", triage.Verdict switch { TriageVerdict.OneSurface => "one-surface", TriageVerdict.SeveralSurfaces => "several-surfaces", TriageVerdict.Governance => "governance", _ => "unknown" });
                writer.WriteStartArray("surfaces");
                foreach (var surface in triage.Surfaces)
                {
                    writer.WriteStringValue(surface);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("sentences");
                foreach (var sentence in triage.Sentences)
                {
                    writer.WriteStartObject();
                    writer.WriteString("says", sentence.Says);
                    writer.WriteString("evidence", sentence.Evidence);
                    writer.WriteString("weighs", sentence.Weighs?.ToString().ToLowerInvariant());
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        }, cancellation));
        return command;
    }

    private static Command Review(IncidentCommands.Context context)
    {
        var owner = new Option<string?>("--owner") { Description = "the person who writes it: a name of config/operators.json", HelpName = "PERSON" };
        var check = new Option<bool>("--check") { Description = "only say what is missing of it" };
        var complete = new Option<bool>("--complete") { Description = "approve the finished review; where the policy keeps author and approver apart, another person than its owner" };
        var command = new Command("review", "draft reports/incidents/ID/review.md: facts from the record, judgement left to people; within 48 hours of the resolution. Exit 3: something is missing") { context.Id, owner, check, complete, context.Options.Signers, context.Duty };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var state = await desk.Incidents.ReadAsync(parsed.GetValue(context.Id)!, cancellation).ConfigureAwait(false);
            var archive = new IncidentArchive(session.Workspace, state.Id);
            if (parsed.GetValue(owner) is { } named)
            {
                var person = desk.Signing.Person(named);
                state = await desk.DoAsync(desk.Act(state.Id, IncidentActs.BeginReview) with { Person = person.Name, Addresses = person.Addresses }, state, context.DutyOf(parsed), cancellation).ConfigureAwait(false);
                await desk.WriteRecordsAsync(state, cancellation).ConfigureAwait(false);
            }

            if (state.Review is { Completed: { } by, Sha256: { } signed })
            {
                var same = File.Exists(archive.ReviewPath) && new Bytes32(SHA256.HashData(await File.ReadAllBytesAsync(archive.ReviewPath, cancellation).ConfigureAwait(false))) == signed;
                session.Terminal.Line($"{desk.Heading}: the review of {state.Id} was approved by {Plain.Line(by.By)} on {IncidentOutput.Time(by.At)} UTC; {(same ? "the file is the one that was approved" : "MISMATCH: the file is not the one that was approved")}");
                Json(same ? ExitCode.Clean : ExitCode.Mismatch, same ? [] : ["the file is not the one that was approved"]);
                return same ? ExitCode.Clean : ExitCode.Mismatch;
            }

            var timeline = await desk.TimelineAsync(state, cancellation).ConfigureAwait(false);
            var written = File.Exists(archive.ReviewPath) ? await File.ReadAllTextAsync(archive.ReviewPath, cancellation).ConfigureAwait(false) : null;
            var text = ReviewDraft.Write(state, timeline, desk.Settings, desk.Now, written);
            if (!parsed.GetValue(check) && !parsed.GetValue(complete))
            {
                AtomicFile.Write(archive.ReviewPath, Encoding.UTF8.GetBytes(text));
                written = text;
            }

            var problems = written is null ? ["nothing is written: run 'incident review ID' first"] : ReviewDraft.Check(state, written, text);
            if (!parsed.GetValue(complete))
            {
                session.Terminal.Line($"{desk.Heading}: review of {state.Id}, owner {Plain.Line(state.Review!.Owner)}: {archive.ReviewPath}");
                foreach (var problem in problems)
                {
                    session.Terminal.Line($"  MISSING {problem}");
                }

                session.Terminal.Line(problems.Count == 0 ? $"NEXT agijobs incident review {state.Id} --complete --signer NAME" : "NEXT write what is missing, then run this again");
                Json(problems.Count == 0 ? ExitCode.Clean : ExitCode.Findings, problems);
                return problems.Count == 0 ? ExitCode.Clean : ExitCode.Findings;
            }

            if (problems.Count > 0)
            {
                throw new ControlException("review-incomplete", ExitCode.Refused, $"The review of {state.Id} is not complete: {string.Join("; ", problems)}.", $"Write what is missing into {archive.ReviewPath}.");
            }

            if (state.Review is { } review && session.NamedSigners is [var signer] && desk.Signing.People.Of(signer.Address) is { } reviewer && session.Workspace.Policy(session.Network) is { } policy
                && policy.Distinct.Contains(Duty.Author) && policy.Distinct.Contains(Duty.Approver)
                && (string.Equals(reviewer.Name, review.Owner, StringComparison.OrdinalIgnoreCase) || reviewer.Addresses.Any(review.OwnerAddresses.Contains)))
            {
                throw new ControlException("review-own", ExitCode.Refused, $"{reviewer.Name} owns the review of {state.Id}, and the policy keeps author and approver apart.", "Have somebody else with the duty commander, approver or security complete it.");
            }

            var act = desk.Act(state.Id, IncidentActs.CompleteReview) with { Sha256 = new Bytes32(SHA256.HashData(Encoding.UTF8.GetBytes(written!))) };
            return await IncidentCommands.Context.FinishAsync(session, desk, await desk.DoAsync(act, state, context.DutyOf(parsed), cancellation).ConfigureAwait(false), act, cancellation).ConfigureAwait(false);

            void Json(ExitCode exit, IReadOnlyList<string> missing) => session.Terminal.Json("agijobs.incident-review/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("id", state.Id);
                writer.WriteString("owner", state.Review!.Owner);
                writer.WriteString("path", archive.ReviewPath);
                writer.WriteBoolean("complete", state.Review.Completed is not null);
                writer.WriteStartArray("missing");
                foreach (var problem in missing)
                {
                    writer.WriteStringValue(problem);
                }

                writer.WriteEndArray();
            });
        }, cancellation));
        return command;
    }

    private static Command FollowUps(IncidentCommands.Context context)
    {
        var command = new Command("follow-up", "what is to be done after an incident, each with an owner and a day");
        var text = new Argument<string>("text") { Description = "what is to be done, or what was done", HelpName = "TEXT" };
        var owner = new Option<string>("--owner") { Description = "who does it: a name of config/operators.json", HelpName = "PERSON", Required = true };
        var due = new Option<string>("--due") { Description = "the last day, UTC, such as 2026-03-31", HelpName = "DAY", Required = true };
        command.Subcommands.Add(context.Acting(new Command("add", "add one") { context.Id, text, owner, due }, (_, desk, parsed, state, _) =>
        {
            if (!DateOnly.TryParseExact(parsed.GetValue(due), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) || day < DateOnly.FromDateTime(desk.Now.UtcDateTime))
            {
                throw new ControlException("time-format", ExitCode.BadInput, $"--due '{Plain.Line(parsed.GetValue(due)!)}' is no day to come.", "Write it as 2026-03-31.");
            }

            return Task.FromResult(desk.Act(state.Id, IncidentActs.AddFollowUp) with { Subject = $"F{state.FollowUps.Count + 1}", Text = parsed.GetValue(text), Person = desk.Signing.Person(parsed.GetValue(owner)!).Name, Due = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) });
        }));
        var which = new Argument<string>("follow-up") { Description = "which, such as F1", HelpName = "FOLLOW-UP" };
        command.Subcommands.Add(context.Acting(new Command("done", "say that one is done") { context.Id, which, text }, (_, desk, parsed, state, _) => Task.FromResult(desk.Act(state.Id, IncidentActs.FinishFollowUp) with { Subject = parsed.GetValue(which), Text = parsed.GetValue(text) })));

        var all = new Option<bool>("--all") { Description = "those that are done as well" };
        var list = new Command("list", "list those of all incidents, by day. Exit 3: one is overdue") { all };
        Session.Run(list, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var now = desk.Now;
            var entries = (await desk.Incidents.ListAsync(cancellation).ConfigureAwait(false)).SelectMany(state => state.FollowUps.Select(followUp => (State: state, FollowUp: followUp))).Where(entry => parsed.GetValue(all) || entry.FollowUp.Done is null).OrderBy(entry => entry.FollowUp.Due).ThenBy(entry => entry.State.Id, StringComparer.Ordinal).ToList();
            var today = DateOnly.FromDateTime(now.UtcDateTime);
            var exit = entries.Any(entry => entry.FollowUp.Done is null && entry.FollowUp.Due < today) ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Line($"{desk.Heading}: {entries.Count.ToString(CultureInfo.InvariantCulture)} follow-ups");
            session.Terminal.Table(["due", "incident", "", "owner", "what", "state"], entries.Select(entry => (IReadOnlyList<string>)[entry.FollowUp.Due.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), entry.State.Id, entry.FollowUp.Id, Plain.Line(entry.FollowUp.Owner), Plain.Line(entry.FollowUp.Text), entry.FollowUp.Done is not null ? "done" : entry.FollowUp.Due < today ? "OVERDUE" : "open"]));
            session.Terminal.Json("agijobs.incident-follow-ups/1", exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("followUps");
                foreach (var (state, followUp) in entries)
                {
                    writer.WriteStartObject();
                    writer.WriteString("incident", state.Id);
                    writer.WriteString("id", followUp.Id);
                    writer.WriteString("owner", followUp.Owner);
                    writer.WriteString("due", followUp.Due.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                    writer.WriteBoolean("done", followUp.Done is not null);
                    writer.WriteBoolean("overdue", followUp.Done is null && followUp.Due < today);
                    writer.WriteString("text", followUp.Text);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return exit;
        }, cancellation));
        command.Subcommands.Add(list);
        return command;
    }

    private static Command Archive(IncidentCommands.Context context)
    {
        var verify = new Option<bool>("--verify") { Description = "find any change since it was written. Exit 6: something was changed" };
        var command = new Command("archive", "write reports/incidents/ID/: stream, timeline, changes, receipts, traces, Safe transaction hashes, payloads of webhooks, attachments, and a manifest. Exit 3: something could not be had") { context.Id, verify };
        Session.Run(command, context.Options, context.Environment, (session, parsed, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var state = await desk.Incidents.ReadAsync(parsed.GetValue(context.Id)!, cancellation).ConfigureAwait(false);
            var events = await desk.Incidents.EventsAsync(state.Id, cancellation).ConfigureAwait(false);
            var archive = new IncidentArchive(session.Workspace, state.Id);
            if (parsed.GetValue(verify))
            {
                var report = archive.Verify(state, events, desk.VouchedFor(archive.ManifestPath));
                session.Terminal.Line($"{desk.Heading}: archive of {state.Id}: {(report.Exit == ExitCode.Mismatch ? "DOES NOT MATCH" : "verified")}, {report.Files.ToString(CultureInfo.InvariantCulture)} files are as the manifest says");
                Lines("MISMATCH", report.Mismatches);
                Lines("FINDING", report.Findings);
                Json("agijobs.incident-archive-verify/1", report.Exit, report.Files, report.Mismatches, report.Findings);
                return report.Exit;
            }

            var timeline = await desk.TimelineAsync(state, cancellation).ConfigureAwait(false);
            var changes = Timeline.ChangesOf(state, new ChangeStore(session.Workspace, session.Environment.Time).Survey().Select(entry => entry.Change).OfType<FiledChange>());
            var (payloads, missing) = await desk.Alerts.PayloadsAsync(state.Alerts, cancellation).ConfigureAwait(false);
            timeline = timeline with { Unknown = [.. timeline.Unknown, .. missing] };
            var manifest = await archive.WriteAsync(state, events, timeline, changes, desk.TraceAsync, payloads, cancellation).ConfigureAwait(false);
            await session.RecordAsync("incident.archived", null, data =>
            {
                data["incident"] = state.Id;
                data["stream"] = manifest.Stream.ToString();
                data["events"] = manifest.Events;
            }, cancellation, [AuditFile.Of(session.Workspace, archive.ManifestPath)]).ConfigureAwait(false);
            var exit = manifest.Unknown.Count > 0 ? ExitCode.Findings : ExitCode.Clean;
            session.Terminal.Line($"{desk.Heading}: archive of {state.Id}: {manifest.Files.Count.ToString(CultureInfo.InvariantCulture)} files in {archive.Folder}");
            Lines("UNKNOWN", manifest.Unknown);
            Json("agijobs.incident-archive/1", exit, manifest.Files.Count, [], manifest.Unknown);
            return exit;

            void Lines(string word, IReadOnlyList<string> lines)
            {
                foreach (var line in lines)
                {
                    session.Terminal.Line($"  {word} {line}");
                }
            }

            void Json(string schema, ExitCode exit, int files, IReadOnlyList<string> mismatches, IReadOnlyList<string> findings) => session.Terminal.Json(schema, exit, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("id", state.Id);
                writer.WriteString("folder", archive.Folder);
                writer.WriteNumber("files", files);
                foreach (var (name, lines) in ((string, IReadOnlyList<string>)[])[("mismatches", mismatches), ("findings", findings)])
                {
                    writer.WriteStartArray(name);
                    foreach (var line in lines)
                    {
                        writer.WriteStringValue(line);
                    }

                    writer.WriteEndArray();
                }
            });
        }, cancellation));
        return command;
    }

    private static Command Status(IncidentCommands.Context context)
    {
        var command = new Command("status", "write the status page anew: reports/status/NETWORK/index.html and status.json, of approved words only");
        Session.Run(command, context.Options, context.Environment, (session, _, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var folder = await desk.WriteStatusAsync(cancellation).ConfigureAwait(false);
            session.Terminal.Line($"{desk.Heading}: status page in {folder}");
            session.Terminal.Json("agijobs.incident-status/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteString("folder", folder);
            });
            return ExitCode.Clean;
        }, cancellation));
        return command;
    }

    private static Command Metrics(IncidentCommands.Context context)
    {
        var command = new Command("metrics", "counts by severity, mean times to detect, acknowledge, pause and resolve, late duties and reviews; from the signed records");
        Session.Run(command, context.Options, context.Environment, (session, _, cancellation) => IncidentDesk.WithAsync(session, async desk =>
        {
            var rows = IncidentMetrics.Of(await desk.Incidents.ListAsync(cancellation).ConfigureAwait(false), desk.Settings, desk.Now);
            session.Terminal.Line($"{desk.Heading}: incidents");
            session.Terminal.Table(
                ["severity", "count", "open", "to detect", "to acknowledge", "to pause", "to resolve", "late duties", "late reviews", "open follow-ups"],
                rows.Select(row => (IReadOnlyList<string>)[row.Severity?.Name() ?? "all", Number(row.Count), Number(row.Open), IncidentTimes.Words(row.ToDetect), IncidentTimes.Words(row.ToAcknowledge), IncidentTimes.Words(row.ToPause), IncidentTimes.Words(row.ToResolve), Number(row.LateDuties), Number(row.LateReviews), Number(row.OpenFollowUps)]));
            session.Terminal.Json("agijobs.incident-metrics/1", ExitCode.Clean, writer =>
            {
                writer.WriteString("network", session.Network);
                writer.WriteNumber("chainId", session.NetworkFile.ChainId.Value);
                writer.WriteStartArray("rows");
                foreach (var row in rows)
                {
                    writer.WriteStartObject();
                    writer.WriteString("severity", row.Severity?.Name() ?? "all");
                    writer.WriteNumber("count", row.Count);
                    writer.WriteNumber("open", row.Open);
                    foreach (var (name, time) in ((string, TimeSpan?)[])[("secondsToDetect", row.ToDetect), ("secondsToAcknowledge", row.ToAcknowledge), ("secondsToPause", row.ToPause), ("secondsToResolve", row.ToResolve)])
                    {
                        if (time is { } known)
                        {
                            writer.WriteNumber(name, Math.Round(known.TotalSeconds, 3));
                        }
                        else
                        {
                            writer.WriteNull(name);
                        }
                    }

                    writer.WriteNumber("lateDuties", row.LateDuties);
                    writer.WriteNumber("lateReviews", row.LateReviews);
                    writer.WriteNumber("openFollowUps", row.OpenFollowUps);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return ExitCode.Clean;
        }, cancellation));
        return command;

        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
