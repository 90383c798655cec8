using AgiJobs.Control.Approvals;

namespace AgiJobs.Control.Configuration;

/// <summary>Standing approvals can be read, are signed by those who may, and are neither over nor revoked without anybody noticing.</summary>
internal sealed class StandingRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        var findings = new List<LintFinding>();
        var standings = new StandingStore(ground.Workspace, ground.Time);
        foreach (var network in ground.Networks)
        {
            try
            {
                if (ApprovalPolicy.Load(ground.Workspace, network) is { } policy)
                {
                    findings.AddRange(standings.List(network, policy).Where(entry => entry.Problem is not null).Select(entry =>
                        ground.Finding(false, standings.PathOf(entry.Id), null, entry.Code ?? "standing-damaged", $"it covers nothing: {entry.Problem}", "Sign another with 'agijobs approval standing add', and take this one away.")));
                }
            }
            catch (ControlException)
            {
                // The policy or the people are bad, which is reported as such.
            }
        }

        return findings;
    }
}
