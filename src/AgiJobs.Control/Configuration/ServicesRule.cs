using System.Net;
using AgiJobs.Control.Files;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Settings of services are such that they can start, and say it when they open more than this machine.</summary>
internal sealed class ServicesRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "services" } && file.Problems.Count == 0))
        {
            var services = JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.ServicesFile);
            foreach (var problem in services.Problems())
            {
                yield return ground.Finding(true, file.Path, problem.Place, "services-value", problem.Message, problem.Mend);
            }

            if (IPEndPoint.TryParse(services.Listen, out var listen) && !IPAddress.IsLoopback(listen.Address))
            {
                yield return ground.Finding(false, file.Path, "$.listen", "services-open", $"the services listen on {services.Listen}, which other machines reach, and speak HTTP without TLS", "Listen on 127.0.0.1 behind a proxy that speaks TLS, or keep the network closed.");
            }
        }
    }
}
