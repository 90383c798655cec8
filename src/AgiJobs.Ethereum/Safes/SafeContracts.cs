using System.Collections.Frozen;

namespace AgiJobs.Ethereum.Safes;

/// <summary>
/// The contracts that the Safe project published, with their addresses and code hashes. 1.3.0 was deployed by two deployers, so it has two
/// addresses of the same code.
/// Source: safe-deployments (src/assets, "canonical" and "eip155" deployments, code-hashes.json) and the change log of safe-smart-account.
/// Variants for zkSync are left out: their code is another.
/// </summary>
public static class SafeContracts
{
    private static readonly SafeVersion V111 = new(1, 1, 1);

    private static readonly FrozenDictionary<Address, SafeContract> ByAddress = new[]
    {
        Contract(SafeContractRole.Singleton, new(1, 0, 0), "0xb6029EA3B2c51D09a50B53CA8012FeEB05bDa35A", null),
        Contract(SafeContractRole.Singleton, new(1, 1, 0), "0xaE32496491b53841efb51829d6f886387708F99B", null),
        Contract(SafeContractRole.Singleton, V111, "0x34CfAC646f301356fAa8B21e94227e3583Fe3F5F", null),
        Contract(SafeContractRole.Singleton, new(1, 2, 0), "0x6851D6fDFAfD08c0295C392436245E5bc78B0185", null),

        Contract(SafeContractRole.Singleton, SafeVersion.V130, "0xd9Db270c1B5E3Bd161E8c8503c55cEABeE709552", "0xbba688fbdb21ad2bb58bc320638b43d94e7d100f6f3ebaab0a4e4de6304b1c2e"),
        Contract(SafeContractRole.Singleton, SafeVersion.V130, "0x69f4D1788e39c87893C980c06EdF4b7f686e2938", "0xbba688fbdb21ad2bb58bc320638b43d94e7d100f6f3ebaab0a4e4de6304b1c2e"),
        Contract(SafeContractRole.SingletonL2, SafeVersion.V130, "0x3E5c63644E683549055b9Be8653de26E0B4CD36E", "0x21842597390c4c6e3c1239e434a682b054bd9548eee5e9b1d6a4482731023c0f"),
        Contract(SafeContractRole.SingletonL2, SafeVersion.V130, "0xfb1bffC9d739B8D520DaF37dF666da4C687191EA", "0x21842597390c4c6e3c1239e434a682b054bd9548eee5e9b1d6a4482731023c0f"),
        Contract(SafeContractRole.ProxyFactory, SafeVersion.V130, "0xa6B71E26C5e0845f74c812102Ca7114b6a896AB2", "0x337d7f54be11b6ed55fef7b667ea5488db53db8320a05d1146aa4bd169a39a9b"),
        Contract(SafeContractRole.ProxyFactory, SafeVersion.V130, "0xC22834581EbC8527d974F8a1c97E1bEA4EF910BC", "0x337d7f54be11b6ed55fef7b667ea5488db53db8320a05d1146aa4bd169a39a9b"),
        Contract(SafeContractRole.FallbackHandler, SafeVersion.V130, "0xf48f2B2d2a534e402487b3ee7C18c33Aec0Fe5e4", "0x03e69f7ce809e81687c69b19a7d7cca45b6d551ffdec73d9bb87178476de1abf"),
        Contract(SafeContractRole.FallbackHandler, SafeVersion.V130, "0x017062a1dE2FE6b99BE3d9d37841FeD19F573804", "0x03e69f7ce809e81687c69b19a7d7cca45b6d551ffdec73d9bb87178476de1abf"),
        Contract(SafeContractRole.MultiSendCallOnly, SafeVersion.V130, "0x40A2aCCbd92BCA938b02010E17A5b8929b49130D", "0xa9865ac2d9c7a1591619b188c4d88167b50df6cc0c5327fcbd1c8c75f7c066ad"),
        Contract(SafeContractRole.MultiSendCallOnly, SafeVersion.V130, "0xA1dabEF33b3B82c7814B6D82A79e50F4AC44102B", "0xa9865ac2d9c7a1591619b188c4d88167b50df6cc0c5327fcbd1c8c75f7c066ad"),
        Contract(SafeContractRole.MultiSend, SafeVersion.V130, "0xA238CBeb142c10Ef7Ad8442C6D1f9E89e07e7761", "0x0208282bd262360d0320862c5ac70f375f5ed3b9d89a83a615b4d398415bdc83"),

        Contract(SafeContractRole.Singleton, SafeVersion.V141, "0x41675C099F32341bf84BFc5382aF534df5C7461a", "0x1fe2df852ba3299d6534ef416eefa406e56ced995bca886ab7a553e6d0c5e1c4"),
        Contract(SafeContractRole.SingletonL2, SafeVersion.V141, "0x29fcB43b46531BcA003ddC8FCB67FFE91900C762", "0xb1f926978a0f44a2c0ec8fe822418ae969bd8c3f18d61e5103100339894f81ff"),
        Contract(SafeContractRole.ProxyFactory, SafeVersion.V141, "0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67", "0x50c3cdc4074750a7a974204a716c999edd37482f907608d960b2b025ee0b3317"),
        Contract(SafeContractRole.FallbackHandler, SafeVersion.V141, "0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99", "0x7c6007a5d711cea8dfd5d91f5940ec29c7f200fe511eb1fc1397b367af3c42f9"),
        Contract(SafeContractRole.MultiSendCallOnly, SafeVersion.V141, "0x9641d764fc13c8B624c04430C7356C1C7C8102e2", "0xecd5bd14a08c5d2122379900b2f272bdf107a7e92423c10dd5fe3254386c9939"),
        Contract(SafeContractRole.MultiSend, SafeVersion.V141, "0x38869bf66a61cF6bDB996A6aE40D5853Fd43B526", "0x0e4f7fc66550a322d1e7688e181b75e217e662a4f3f4d6a29b22bc61217c4b77"),

        Contract(SafeContractRole.Singleton, SafeVersion.V150, "0xFf51A5898e281Db6DfC7855790607438dF2ca44b", "0xdda019cbd7c867a533a2a86e5c53434fdc50b13122b5a5ddb4a8df61b31c20f2"),
        Contract(SafeContractRole.SingletonL2, SafeVersion.V150, "0xEdd160fEBBD92E350D4D398fb636302fccd67C7e", "0x180193227186ccb85316c94db1f0d156ed932b14712cfaac78901899178572dc"),
        Contract(SafeContractRole.ProxyFactory, SafeVersion.V150, "0x14F2982D601c9458F93bd70B218933A6f8165e7b", "0x967dae4cda22b0c9ef7f31b010bdc1ceb0af9904b0c3dc060b5302e4c18a4529"),
        Contract(SafeContractRole.FallbackHandler, SafeVersion.V150, "0x3EfCBb83A4A7AfcB4F68D501E2c2203a38be77f4", "0x3c6a85bcf7b563daa624b884b4e9a1b9fa5371edde7be945d998071a48f28bbc"),
        Contract(SafeContractRole.MultiSendCallOnly, SafeVersion.V150, "0xA83c336B20401Af773B6219BA5027174338D1836", "0xcdbdcec38d2f1c7d961b0029ff8416b7e86e9974d6f0e9c9580c7d17fcfb6663"),
    }.ToFrozenDictionary(static contract => contract.Address);

    /// <summary>MultiSendCallOnly 1.4.1, which runs batches for a Safe of any supported version.</summary>
    public static SafeContract MultiSendCallOnly { get; } = ByAddress[Address.Parse("0x9641d764fc13c8B624c04430C7356C1C7C8102e2")];

    /// <summary>Safe 1.4.1.</summary>
    public static SafeContract Singleton { get; } = ByAddress[Address.Parse("0x41675C099F32341bf84BFc5382aF534df5C7461a")];

    /// <summary>SafeProxyFactory 1.4.1.</summary>
    public static SafeContract ProxyFactory { get; } = ByAddress[Address.Parse("0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67")];

    /// <summary>CompatibilityFallbackHandler 1.4.1.</summary>
    public static SafeContract FallbackHandler { get; } = ByAddress[Address.Parse("0xfd0732Dc9E303f09fCEf3a7388Ad10A83459Ec99")];

    /// <summary>All of them.</summary>
    public static IReadOnlyCollection<SafeContract> All => ByAddress.Values;

    /// <summary>The published contract at an address, or null. A match of the address alone proves nothing: compare the code hash too.</summary>
    public static SafeContract? Find(Address address) => ByAddress.GetValueOrDefault(address);

    private static SafeContract Contract(SafeContractRole role, SafeVersion version, string address, string? codeHash) =>
        new(role, version, Address.Parse(address), codeHash is null ? null : Bytes32.Parse(codeHash));
}
