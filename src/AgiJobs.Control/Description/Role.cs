using AgiJobs.Ethereum;
using AgiJobs.Ethereum.Abi;
using AgiJobs.Ethereum.Hashing;

namespace AgiJobs.Control.Description;

/// <summary>A set of accounts with a power.</summary>
public sealed class Role
{
    private readonly IReadOnlyList<string> _grantArguments;
    private readonly IReadOnlyList<string> _revokeArguments;

    internal Role(Module module, RoleFile file, ContractAbi abi)
    {
        Module = module;
        Name = file.Name;
        Power = file.Power;
        Risk = file.Risk;
        Holders = file.Holders is null ? null : abi.Function(file.Holders);
        AccessControl = file.AccessControl is null ? null : abi.Function(file.AccessControl);
        Grant = file.Grant is null ? null : abi.Function(file.Grant);
        Revoke = file.Revoke is null ? null : abi.Function(file.Revoke);
        Accept = file.Accept is null ? null : abi.Function(file.Accept);
        Pending = file.Pending;
        Replay = file.Replay is null ? null : new RoleEvents(file.Replay, abi, file.AccessControl is not null);
        Category = file.Category ?? PowerKind.Rotate;
        Callers = file.Callers;
        _grantArguments = file.GrantArguments;
        _revokeArguments = file.RevokeArguments;
        Arguments = Holders is null ? [] : [.. Holders.Inputs.Zip(file.Arguments, (input, text) => ArgumentText.Parse(input.Type, text))];
    }

    /// <summary>The contract that has it.</summary>
    public Module Module { get; }

    /// <summary>Its name within the module.</summary>
    public string Name { get; }

    /// <summary><c>Module.role</c>.</summary>
    public string FullName => $"{Module.Name}.{Name}";

    /// <summary>What its holders can do.</summary>
    public string Power { get; }

    /// <summary>How much a wrong holder can do.</summary>
    public Risk Risk { get; }

    /// <summary>The view that returns the holder or holders.</summary>
    public AbiFunction? Holders { get; }

    /// <summary>The id that OpenZeppelin's custom gives it, the hash of the getter's name; what the chain says may differ.</summary>
    public Bytes32 CustomaryId => AccessControl is null || string.Equals(AccessControl.Name, "DEFAULT_ADMIN_ROLE", StringComparison.Ordinal) ? Bytes32.Zero : Keccak256.Hash(AccessControl.Name);

    /// <summary>True when an office grants it; false when accounts take it by themselves.</summary>
    public bool IsGranted => Grant is not null;

    /// <summary>The function that grants or offers it; null when no office does.</summary>
    public AbiFunction? Grant { get; }

    /// <summary>The function that revokes it; null when it cannot be revoked, only given to another.</summary>
    public AbiFunction? Revoke { get; }

    /// <summary>The function by which the new holder takes over what was offered; null when the grant is enough.</summary>
    public AbiFunction? Accept { get; }

    /// <summary>The role of the module that an offer fills until it is accepted; null when the grant is enough.</summary>
    public string? Pending { get; }

    /// <summary>Roles that may grant and revoke it.</summary>
    public IReadOnlyList<string> Callers { get; }

    /// <summary>What granting it amounts to.</summary>
    public PowerKind Category { get; }

    /// <summary>True when it has one holder at a time, whom a grant replaces.</summary>
    public bool IsSingle => Holders?.Outputs is [{ Type.Kind: AbiTypeKind.Address }];

    /// <summary>The arguments of <see cref="Grant"/> for an account.</summary>
    /// <param name="account">Who gets it.</param>
    /// <param name="id">The role's id on the chain; needed for AccessControl only.</param>
    public IReadOnlyList<AbiValue> GrantArguments(Address account, Bytes32? id) => Fill(Grant!, _grantArguments, account, id);

    /// <summary>The arguments of <see cref="Revoke"/> for an account.</summary>
    public IReadOnlyList<AbiValue> RevokeArguments(Address account, Bytes32? id) => Fill(Revoke!, _revokeArguments, account, id);

    private static IReadOnlyList<AbiValue> Fill(AbiFunction function, IReadOnlyList<string> texts, Address account, Bytes32? id) =>
        texts.Count > 0 ? [.. function.Inputs.Zip(texts, (input, text) => string.Equals(text, "$", StringComparison.Ordinal) ? account : ArgumentText.Parse(input.Type, text))]
        : function.Inputs.Count == 1 ? [account]
        : [id ?? throw new ControlException("role-id", ExitCode.Unknown, $"The id of the role that {function.Signature} takes is unknown.", "Read the chain again."), account];

    /// <summary>The arguments of <see cref="Holders"/>.</summary>
    public IReadOnlyList<AbiValue> Arguments { get; }

    /// <summary>How holders are found from events; null when a view lists them.</summary>
    public RoleEvents? Replay { get; }

    /// <summary>The view that returns the role's id for AccessControl.</summary>
    public AbiFunction? AccessControl { get; }
}
