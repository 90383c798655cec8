using System.CommandLine;
using System.Globalization;
using AgiJobs.Cli.Configuration;
using AgiJobs.Cli.Hgm;
using AgiJobs.Cli.Output;
using AgiJobs.Control;
using AgiJobs.Control.Configuration;
using AgiJobs.Hgm;
using AgiJobs.Hgm.Simulation;
using AgiJobs.Steering.Configuration;
using AgiJobs.Steering.Guardrails;

namespace AgiJobs.Cli.Assurance;

/// <summary><c>ci hgm-suite</c>: the guardrails of the HGM engine. Reads the workspace's configuration, asks no chain and changes nothing.</summary>
internal static class HgmSuiteCommand
{
    public static Command Build(CommonOptions options, CommandEnvironment environment)
    {
        var seeds = new Option<int>("--seeds") { Description = "over how many seeds the economics are measured", HelpName = "N", DefaultValueFactory = _ => EconomyStudy.DefaultSeeds };
        var command = new Command("hgm-suite", "the guardrails of HGM, thermostat and sentinel: the configuration is whole and does not contradict itself, laws and engine answer as they are known to, what is shipped is complete, a small run from its beginning to its report works, and growing agents pays by more than chance. Exit 0 when all are held, 3 when one is missed, 5 when one is unknown") { seeds };
        Session.Run(command, options, environment, async (session, parsed, cancellation) =>
        {
            var asked = parsed.GetValue(seeds);
            if (asked is < 2 or > 10_000)
            {
                throw new ControlException("seeds-range", ExitCode.BadInput, $"--seeds {asked} is not from 2 to 10000.", $"Leave it out for {EconomyStudy.DefaultSeeds}.");
            }

            var told = new List<Guardrail>();
            session.Terminal.Line(WorkspaceScope.Line(session));
            try
            {
                Tell(Configured(session));
                Tell(KnownAnswers.Recorded.AskThermostat());
                Tell(await KnownAnswers.Recorded.AskEngineAsync(cancellation).ConfigureAwait(false));
                foreach (var smoke in await SmokeAsync(session, cancellation).ConfigureAwait(false))
                {
                    Tell(smoke);
                }

                foreach (var economic in EconomyStudy.GuardrailsOf(await EconomyStudy.SampleAsync(new Study(asked, 1, System.Environment.ProcessorCount), cancellation).ConfigureAwait(false), Floor(session)))
                {
                    Tell(economic);
                }
            }
            catch (HgmException problem)
            {
                throw HgmCommands.Told(problem);
            }

            var exit = GuardrailOutput.ExitOf(told.Verdict());
            session.Terminal.Line(exit == ExitCode.Clean
                ? string.Create(CultureInfo.InvariantCulture, $"All {told.Count} guardrails are held.")
                : string.Create(CultureInfo.InvariantCulture, $"{told.Count(one => one.Verdict != GuardrailVerdict.Held)} of {told.Count} guardrails are not held."));
            session.Terminal.Json("agijobs.ci-hgm-suite/1", exit, writer =>
            {
                WorkspaceScope.Write(session, writer);
                writer.WriteGuardrails(told);
            });
            return exit;

            void Tell(Guardrail guardrail)
            {
                told.Add(guardrail);
                session.Terminal.Line($"{GuardrailOutput.Word(guardrail.Verdict),-8} {guardrail.Name,-22} {guardrail.Is}");
                if (guardrail.Verdict != GuardrailVerdict.Held)
                {
                    session.Terminal.Line($"         asked is {guardrail.Demand}. {guardrail.Mend}");
                }
            }
        });
        return command;
    }

    private static Guardrail Configured(Session session)
    {
        var ground = new LintGround(session.Workspace, session.Environment.Time);
        var findings = ConfigurationLint.Run(ground, [.. ConfigurationLint.Rules, new SteeringRule()]);
        return findings is [var first, ..]
            ? new Guardrail("configuration", GuardrailVerdict.Missed, string.Create(CultureInfo.InvariantCulture, $"{findings.Count} {(findings.Count == 1 ? "finding" : "findings")}, the first in {first.Path}: {first.Message} [{first.Code}]"), "no finding", "agijobs config lint")
            : new Guardrail("configuration", GuardrailVerdict.Held, string.Create(CultureInfo.InvariantCulture, $"{ground.Files.Count} files are in order"), "no finding", "");
    }

    private static async Task<IReadOnlyList<Guardrail>> SmokeAsync(Session session, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("agijobs-hgm-suite-").FullName;
        try
        {
            return await SmokeRun.AskAsync(folder, session.Environment.Time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The floor that the sentinel of a new run has; without one, what was spent is to come back at least. Settings that cannot be read are told by the first guardrail.
    private static decimal? Floor(Session session)
    {
        try
        {
            return SteeringConfiguration.Load(session.Workspace, null, session.Environment.Layers).Sentinel.RoiFloor ?? 1m;
        }
        catch (ControlException)
        {
            return null;
        }
    }
}
