using AgiJobs.Arena.Gateway;

namespace AgiJobs.Server.Runs;

/// <summary>Why a request about a run is refused, and with which status: the table of <c>docs/hgm.md</c>.</summary>
internal static class RunCode
{
    /// <summary>There is no such run.</summary>
    public const string Unknown = "run-unknown";

    /// <summary>No run can have this name.</summary>
    public const string Name = "run-name";

    /// <summary>The run is over, and what is asked for comes too late.</summary>
    public const string Finished = "already-finished";

    /// <summary>Somebody steered since the version that the decision was taken on.</summary>
    public const string StaleVersion = "stale-version";

    /// <summary>The run has not reached this version.</summary>
    public const string VersionUnknown = "version-unknown";

    /// <summary>The signer is nobody among the network's people.</summary>
    public const string NotAPerson = "not-a-person";

    /// <summary>The person has none of the duties that it takes.</summary>
    public const string DutyMissing = "duty-missing";

    /// <summary>α above 1 on a run that was not begun with leave for it.</summary>
    public const string AlphaAboveOne = "alpha-above-one";

    /// <summary>A parameter out of its bounds.</summary>
    public const string BadSetting = "bad-setting";

    /// <summary>There is no such agent.</summary>
    public const string NoSuchAgent = "no-such-agent";

    /// <summary>The operation has no result that counts.</summary>
    public const string NothingToRevoke = "nothing-to-revoke";

    /// <summary>The operation has no revoked result.</summary>
    public const string NothingToReinstate = "nothing-to-reinstate";

    /// <summary>Who may steer cannot be read.</summary>
    public const string PeopleUnknown = "people-unknown";

    /// <summary>The owner's ledger cannot be read or is damaged, and a change that it would not have is not made.</summary>
    public const string LedgerUnknown = "ledger-unknown";

    /// <summary>The HTTP status of a code, of a run's or of the gateway's.</summary>
    public static int StatusOf(string code) => code switch
    {
        AlphaAboveOne or BadSetting or Name => 400,
        NotAPerson or DutyMissing => 403,
        Unknown => 404,
        Finished or StaleVersion or VersionUnknown or NoSuchAgent or NothingToRevoke or NothingToReinstate => 409,
        PeopleUnknown or LedgerUnknown => 503,
        _ => GatewayCode.StatusOf(code),
    };
}
