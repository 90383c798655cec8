namespace AgiJobs.Response.Drills;

/// <summary>A ground on which something goes wrong on purpose.</summary>
public interface IIncidentGround : IDrillGround
{
    /// <summary>Somebody drains rewards from the FeePool: a large reward to an account that did nothing for it. Mined when this returns.</summary>
    Task DrainRewardsAsync(CancellationToken cancellation);

    /// <summary>Somebody slashes every validator. Mined when this returns.</summary>
    Task SlashEverybodyAsync(CancellationToken cancellation);

    /// <summary>The newest blocks are withdrawn, with all that was in them.</summary>
    Task ReorganiseAsync(int blocks, CancellationToken cancellation);

    /// <summary>The chain's time goes on.</summary>
    Task AdvanceAsync(TimeSpan time, CancellationToken cancellation);

    /// <summary>A second node is added to the network's file, which says of every paused module that it runs; or it is taken away again.</summary>
    Task LieAsync(bool lies, CancellationToken cancellation);
}
