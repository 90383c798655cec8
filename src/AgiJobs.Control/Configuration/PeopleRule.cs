using AgiJobs.Control.Approvals;
using AgiJobs.Control.Workspaces;

namespace AgiJobs.Control.Configuration;

/// <summary>Signers and people are named once, signers have what their kind needs, and the people on file can satisfy the policy.</summary>
internal sealed class PeopleRule : ILintRule
{
    public IEnumerable<LintFinding> Check(LintGround ground)
    {
        var findings = new List<LintFinding>();
        foreach (var file in ground.Files.Where(file => file.Kind is { Schema: "signers", IsProposal: false } && file.Problems.Count == 0))
        {
            findings.AddRange(Signers(ground, file));
        }

        foreach (var network in ground.Networks)
        {
            var workspace = ground.Workspace;
            if (ground.AreSound(workspace.SignersPath, workspace.NetworkSignersPath(network)))
            {
                Try(ground, ground.File(workspace.NetworkSignersPath(network))?.Path ?? workspace.SignersPath, () => _ = workspace.Signers(network));
            }

            if (!ground.AreSound(workspace.OperatorsPath, workspace.NetworkOperatorsPath(network), workspace.PolicyPath, workspace.NetworkPolicyPath(network)))
            {
                continue;
            }

            if (workspace.Operators(network) is { } people)
            {
                Try(ground, ground.File(workspace.NetworkOperatorsPath(network))?.Path ?? workspace.OperatorsPath, () => _ = new OperatorBook(people));
            }

            var policyPath = ground.File(workspace.NetworkPolicyPath(network))?.Path ?? workspace.PolicyPath;
            if (ground.File(policyPath) is null)
            {
                findings.Add(ground.Finding(false, policyPath, null, "policy-missing", $"approvals are not managed on {network}: there is no policy, and the chain's own authority is the only gate", "Put the people into config/operators.json, then rename config/policy.proposed.json to policy.json ('agijobs init --upgrade' proposes one)."));
                continue;
            }

            Try(ground, policyPath, () =>
            {
                foreach (var problem in ApprovalPolicy.Load(workspace, network)!.Problems())
                {
                    findings.Add(ground.Finding(false, policyPath, null, "policy-unsatisfiable", problem, "Add people or duties to the operators' file, or lower the policy."));
                }
            });
        }

        return findings;

        void Try(LintGround at, string path, Action check)
        {
            try
            {
                check();
            }
            catch (ControlException problem)
            {
                findings.Add(at.Finding(path, problem));
            }
        }
    }

    private static IEnumerable<LintFinding> Signers(LintGround ground, LintFile file)
    {
        var signers = Files.JsonFile.Parse(file.Content, file.Path, WorkspaceJson.Default.SignersFile).Signers;
        for (var index = 0; index < signers.Count; index++)
        {
            if (SignerBook.Lacking(signers[index]) is { } lacking)
            {
                yield return ground.Finding(true, file.Path, $"$.signers[{index}]", "signer-format", $"at $.signers[{index}]: the signer '{signers[index].Name}' needs the key '{lacking}'", "Add it.");
            }
        }
    }
}
