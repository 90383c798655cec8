using AgiJobs.Control.Changes;
using AgiJobs.Control.Description;

namespace AgiJobs.Control.Approvals;

/// <summary>The policy's guardrails hold of a change that is to be sent, whoever made it; see <see cref="Guardrails"/>. A pause sets nothing and is not asked.</summary>
/// <param name="protocol">The protocol.</param>
/// <param name="store">The changes on file.</param>
/// <param name="time">The clock of cooldowns.</param>
public sealed class GuardrailSafeguard(Protocol protocol, ChangeStore store, TimeProvider time) : ISafeguard
{
    /// <inheritdoc/>
    public Task<GateRefusal?> AskAsync(FiledChange change, ApprovalPolicy? policy, bool isPause, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (isPause || policy?.File.Guardrails is not { Count: > 0 })
        {
            return Task.FromResult<GateRefusal?>(null);
        }

        var refusals = new Guardrails(policy.File, protocol).Refusals(change.Document, store.Survey(), time.GetUtcNow());
        return Task.FromResult(refusals.Count == 0 ? null : refusals[0] with { Why = string.Join("; ", refusals.Select(refusal => refusal.Why)) });
    }

    /// <summary>Refuses a plan that guardrails stand against, at the first moment at which it may be sent.</summary>
    /// <exception cref="ControlException">Exit 4: <c>guardrail-change</c>, <c>guardrail-rate</c>, <c>guardrail-cooldown</c>, <c>guardrail-unknown</c>, <c>guardrail-hidden</c>. <c>policy-rule</c>.</exception>
    public void Require(ChangeDocument plan, ApprovalPolicy? policy)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (policy?.File.Guardrails is not { Count: > 0 })
        {
            return;
        }

        var now = time.GetUtcNow();
        var moment = plan.Window?.NotBefore > now ? plan.Window.NotBefore.Value : now;
        if (new Guardrails(policy.File, protocol).Refusals(plan, store.Survey(), moment) is { Count: > 0 } refusals)
        {
            throw new ControlException(refusals[0].Code, ExitCode.Refused, $"The policy's guardrails forbid it: {string.Join("; ", refusals.Select(refusal => refusal.Why))}.", string.Join(" ", refusals.Select(refusal => refusal.Command).OfType<string>().Distinct(StringComparer.Ordinal)));
        }
    }
}
